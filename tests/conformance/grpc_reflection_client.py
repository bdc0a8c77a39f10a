"""Asks a UserService of which it knows nothing but its name, with gRPC's own Python client and server reflection, and prints JSON.

Usage: grpc_reflection_client.py HOST:PORT USER_ID…
"""

import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

TIMEOUT_S = 10


def main(address, user_ids):
    with grpc.insecure_channel(address) as channel:
        reflection = ProtoReflectionDescriptorDatabase(channel)
        service = DescriptorPool(reflection).FindServiceByName("UserService")
        found = {
            "services": list(reflection.get_services()),
            "methods": {
                method.name: [fields_of(method.input_type), fields_of(method.output_type)]
                for method in service.methods
            },
            "answers": [ask(channel, service.methods_by_name["UserStats"], id) for id in user_ids],
        }
    print(json.dumps(found))


def fields_of(message):
    return {field.name: field.number for field in message.fields}


def ask(channel, method, user_id):
    response_class = GetMessageClass(method.output_type)
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response_class.FromString,
    )
    try:
        answer = call(GetMessageClass(method.input_type)(id=user_id), timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        return {"code": error.code().name, "sentence": error.details()}
    return MessageToDict(answer, always_print_fields_with_no_presence=True)


main(sys.argv[1], sys.argv[2:])
