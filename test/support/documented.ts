import { Ajv, type ValidateFunction } from 'ajv';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { TestApp } from './test-app.js';

/** An operation of an OpenAPI document. */
export interface Operation {
  readonly summary?: string;
  readonly security?: object[];
  readonly responses: Readonly<Record<string, Documented>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

interface Documented {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** The description of an application. */
export function documentOf(app: TestApp): OpenAPIObject {
  return SwaggerModule.createDocument(app.nest, new DocumentBuilder().setTitle('Cache').build());
}

/** Its operations, by method and path: `get /admin/cache`. */
export function operationsOf({ paths }: OpenAPIObject): ReadonlyMap<string, Operation> {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(
      ([method, operation]) => [`${method} ${path}`, operation] as const,
    ),
  );
  return new Map(operations);
}

/** Holds answers against a document, in which everything has to be described that is answered. */
export class DocumentedAnswers {
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #ajv = new Ajv({ strict: false, formats: { 'date-time': ISO, uuid: /^[\da-f-]{36}$/ } });
  readonly #seen = new Map<string, Set<string>>();

  constructor(document: OpenAPIObject) {
    this.#operations = operationsOf(document);
    this.#ajv.addSchema(closed(document) as OpenAPIObject, 'document');
  }

  /** The statuses of each operation that the document has, and those that were answered. */
  get statuses(): readonly { readonly line: string; readonly documented: string[]; readonly seen: string[] }[] {
    return [...this.#operations].map(([line, { responses }]) => ({
      line,
      documented: Object.keys(responses).sort(),
      seen: [...(this.#seen.get(line) ?? [])].sort(),
    }));
  }

  /** What is wrong with an answer; nothing when it is as the document says. */
  faultsOf(line: string, status: number, body: unknown): readonly string[] {
    const documented = this.#operations.get(line)?.responses[String(status)];
    if (documented === undefined) return [`${line} answers ${status}, of which the document does not know.`];
    this.#seen.set(line, (this.#seen.get(line) ?? new Set()).add(String(status)));
    const schema = documented.content?.['application/json']?.schema;
    if (schema === undefined) return body === undefined ? [] : [`${line} has a body with ${status}.`];
    const validate = this.#validator(schema);
    return validate(body) ? [] : [`${line} ${status}: ${this.#ajv.errorsText(validate.errors)}`];
  }

  #validator(schema: object): ValidateFunction {
    return this.#ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object);
  }
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** The same, with no properties that it does not name. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  return 'properties' in copy && copy['type'] === 'object' ? { additionalProperties: false, ...copy } : copy;
}
