"""Asks a processor's front end with gRPC's own client. It knows of the service what server reflection tells."""

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from compare_purchases import Answered
from read_kafka import CannotRead

ANSWER_SECONDS = 15


def ask_users(address: str, user_ids: list[str]) -> list[Answered]:
    """What the front end at HOST:PORT tells of each of these users."""
    try:
        with grpc.insecure_channel(address) as channel:
            pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            method = pool.FindServiceByName("UserService").methods_by_name["UserStats"]
            request, response = map(GetMessageClass, (method.input_type, method.output_type))
            call = channel.unary_unary(
                f"/{method.containing_service.full_name}/{method.name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=response.FromString,
            )
            answers = [call(request(id=user_id), timeout=ANSWER_SECONDS) for user_id in user_ids]
    except grpc.RpcError as error:
        raise CannotRead(f"{address} does not answer: {error.details()}") from error
    return [
        Answered(address, user_id, answer.totalPurchases, answer.totalPrice)
        for user_id, answer in zip(user_ids, answers, strict=True)
    ]
