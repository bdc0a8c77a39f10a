"""The partitioner of Kafka's Java client: Austin Appleby's MurmurHash2, 32 bits, Kafka's seed."""

from functools import lru_cache

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_M = 0x5BD1E995


@lru_cache(maxsize=1_000_000)
def home_partition(key: str, partition_count: int) -> int:
    """Where an entity lives."""
    return (murmur2(key.encode("utf-8", "replace")) & 0x7FFFFFFF) % partition_count


def murmur2(data: bytes) -> int:
    """The hash as an unsigned number of 32 bits."""
    h = (_SEED ^ len(data)) & _MASK
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15
