"""Gets in with SCRAM as librdkafka's client does, makes a user, gets in as that one, and prints what it saw as JSON.

Usage: confluent_security.py BOOTSTRAP CA_FILE USER PASSWORD
"""

import json
import sys

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

TIMEOUT_S = 10

bootstrap, ca_file, user, password = sys.argv[1:5]


def main():
    seen = {
        mechanism: enters(client(mechanism, user, password))
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    }
    admin = client("SCRAM-SHA-256", user, password)
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 5000)
    upsertion = UserScramCredentialUpsertion("dave", info, b"dave-secret")
    for future in admin.alter_user_scram_credentials([upsertion]).values():
        future.result(TIMEOUT_S)
    described = admin.describe_user_scram_credentials(["dave"])["dave"].result(TIMEOUT_S)
    seen["dave has"] = [
        [info.mechanism.name, info.iterations] for info in described.scram_credential_infos
    ]
    seen["dave"] = enters(client("SCRAM-SHA-512", "dave", "dave-secret"))
    seen["dave with SHA-256"] = enters(client("SCRAM-SHA-256", "dave", "dave-secret"))
    print(json.dumps(seen))


def client(mechanism, name, secret):
    return AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": ca_file,
            "sasl.mechanism": mechanism,
            "sasl.username": name,
            "sasl.password": secret,
            "log_level": 0,
        }
    )


def enters(admin):
    try:
        return len(admin.list_topics(timeout=TIMEOUT_S).brokers) == 1
    except KafkaException:
        return False


main()
