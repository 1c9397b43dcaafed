import { AwsError } from '../aws-error.ts'

export function validationError(detail: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${detail}`)
}

const place = (name: string) => `'${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint`

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The members of a JSON request. Every reader throws a ValidationException in KMS's words. */
export class Input {
  readonly #members: Record<string, unknown>

  constructor(text: string) {
    let members: unknown
    try {
      members = text === '' ? {} : JSON.parse(text)
    } catch (cause) {
      throw new AwsError('SerializationException', cause instanceof Error ? cause.message : '')
    }
    if (!isRecord(members))
      throw new AwsError('SerializationException', 'Start of structure or map found where not expected.')
    this.#members = members
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null
  }

  string(name: string, limits: { min?: number; max?: number } = {}): string | undefined {
    const value = this.#member(name, 'string')
    if (value !== undefined) this.#checkLength(name, value.length, limits)
    return value
  }

  requiredString(name: string, limits: { min?: number; max?: number } = { min: 1, max: 2048 }): string {
    return this.#required(name, this.string(name, limits))
  }

  number(name: string, limits: { min: number; max: number }): number | undefined {
    const value = this.#member(name, 'number')
    if (value === undefined) return undefined
    if (value < limits.min) {
      throw validationError(
        `Value '${value}' at ${place(name)}: Member must have value greater than or equal to ${limits.min}`,
      )
    }
    if (value > limits.max) {
      throw validationError(
        `Value '${value}' at ${place(name)}: Member must have value less than or equal to ${limits.max}`,
      )
    }
    return value
  }

  boolean(name: string): boolean {
    return this.#member(name, 'boolean') ?? false
  }

  /** A date in seconds; the answer in milliseconds. */
  date(name: string): number | undefined {
    const value = this.#member(name, 'number')
    return value === undefined ? undefined : value * 1000
  }

  blob(name: string, limits: { min: number; max: number }): Buffer | undefined {
    const text = this.#member(name, 'string')
    if (text === undefined) return undefined
    const bytes = Buffer.from(text, 'base64')
    this.#checkLength(name, bytes.length, limits)
    return bytes
  }

  requiredBlob(name: string, limits: { min: number; max: number }): Buffer {
    return this.#required(name, this.blob(name, limits))
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.#member(name, 'string')
    if (text === undefined) return undefined
    const value = values.find((candidate) => candidate === text)
    if (value !== undefined) return value
    throw validationError(
      `Value '${text}' at ${place(name)}: Member must satisfy enum value set: [${values.join(', ')}]`,
    )
  }

  strings(name: string): string[] {
    const value = this.#members[name]
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) throw this.#wrongType()
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw this.#wrongType()
      return item
    })
  }

  /** A map from text to text. */
  map(name: string): Record<string, string> {
    const value = this.#members[name]
    if (value === undefined || value === null) return {}
    if (!isRecord(value)) throw this.#wrongType()
    const entries = Object.entries(value).map(([key, item]): [string, string] => {
      if (typeof item !== 'string') throw this.#wrongType()
      return [key, item]
    })
    return Object.fromEntries(entries)
  }

  /** A structure inside this one; empty when it is left out. */
  structure(name: string): Input {
    const value = this.#members[name]
    return new Input(value === undefined || value === null ? '' : JSON.stringify(value))
  }

  structures(name: string): Input[] {
    const value = this.#members[name]
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) throw this.#wrongType()
    return value.map((item: unknown) => new Input(JSON.stringify(item)))
  }

  #member(name: string, type: 'string'): string | undefined
  #member(name: string, type: 'number'): number | undefined
  #member(name: string, type: 'boolean'): boolean | undefined
  #member(name: string, type: 'string' | 'number' | 'boolean'): unknown {
    const value = this.#members[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== type) throw this.#wrongType()
    return value
  }

  #required<Value>(name: string, value: Value | undefined): Value {
    if (value === undefined) throw validationError(`Value at ${place(name)}: Member must not be null`)
    return value
  }

  #checkLength(name: string, length: number, limits: { min?: number; max?: number }): void {
    if (limits.max !== undefined && length > limits.max) {
      throw validationError(`Value at ${place(name)}: Member must have length less than or equal to ${limits.max}`)
    }
    if (limits.min !== undefined && length < limits.min) {
      throw validationError(`Value at ${place(name)}: Member must have length greater than or equal to ${limits.min}`)
    }
  }

  #wrongType(): AwsError {
    return new AwsError('SerializationException', 'Unexpected value type in payload')
  }
}
