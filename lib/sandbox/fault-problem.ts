import { kmsOperations } from './kms/operations.ts'
import { s3Operations } from './s3/operations.ts'
import { type Fault, faultServices } from './schema.ts'
import { stsOperations } from './sts/handle.ts'

const operations: Readonly<Record<string, readonly string[]>> = {
  kms: [...kmsOperations.keys()],
  sts: [...stsOperations.keys()],
  s3: ['CreateBucket', 'ListBuckets', ...Object.keys(s3Operations)],
}

/** Why no call would ever be struck by it, in a sentence. */
export function faultProblem({ service, operation }: Pick<Fault, 'service' | 'operation'>): string | undefined {
  const name = service.toLowerCase()
  const known = name === '*' ? Object.values(operations).flat() : operations[name]
  if (!known)
    return `“${service}” is no service of the sandbox: it has ${faultServices.slice(0, -1).join(', ')}, or * for all.`
  if (operation === '*' || known.includes(operation)) return undefined
  const meant = known.find((one) => one.toLowerCase() === operation.toLowerCase())
  if (meant) return `“${operation}” is no operation of the sandbox: it is written ${meant}.`
  const whose = name === '*' ? 'the sandbox' : `${name.toUpperCase()} in the sandbox`
  return `“${operation}” is no operation of ${whose}. Give * for all, or one of ${[...known].sort().join(', ')}.`
}
