import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** The .proto files that describe some services, as clients ask for them. */
export class ReflectedFiles {
  /** Full names, in order. */
  readonly serviceNames: readonly string[];
  readonly #byName = new Map<string, DescFile>();
  readonly #bySymbol = new Map<string, DescFile>();
  readonly #messageNames = new Set<string>();

  constructor(services: readonly DescService[]) {
    this.serviceNames = services.map(({ typeName }) => typeName).toSorted();
    for (const { file } of services) this.#add(file);
  }

  /** Encoded FileDescriptorProtos: the file of this name, before it those that it imports. */
  fileNamed(name: string): readonly Uint8Array[] | undefined {
    return encoded(this.#byName.get(name));
  }

  /** The same for the file that declares a message, field, enum, service or method of this full name. */
  fileDeclaring(symbol: string): readonly Uint8Array[] | undefined {
    return encoded(this.#bySymbol.get(symbol));
  }

  hasMessage(typeName: string): boolean {
    return this.#messageNames.has(typeName);
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#byName.has(name)) return;
    this.#byName.set(name, file);
    for (const type of nestedTypes(file)) {
      this.#bySymbol.set(type.typeName, file);
      if (type.kind === 'message') this.#messageNames.add(type.typeName);
      for (const member of membersOf(type)) this.#bySymbol.set(`${type.typeName}.${member}`, file);
    }
    for (const imported of file.dependencies) this.#add(imported);
  }
}

type DescType = ReturnType<typeof nestedTypes> extends Iterable<infer Type> ? Type : never;

function membersOf(type: DescType): readonly string[] {
  if (type.kind === 'message') return type.fields.map(({ name }) => name);
  return type.kind === 'service' ? type.methods.map(({ name }) => name) : [];
}

function encoded(file: DescFile | undefined): readonly Uint8Array[] | undefined {
  if (file === undefined) return undefined;
  const files = new Set<DescFile>();
  addWithImports(file, files);
  return [...files].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
}

function addWithImports(file: DescFile, files: Set<DescFile>): void {
  for (const imported of file.dependencies) addWithImports(imported, files);
  files.add(file);
}
