import { faultOf, isOnTheWay, throttledBy } from '#lib/aws/fault.ts'
import { AppError, messageOf } from '#lib/errors.ts'

/** KMS answers these only within the key's own account, whatever policies say. */
const ownAccountOnly: readonly string[] = ['kms:GetKeyLastUsage', 'kms:ListAliases']

/** Why KMS did not say something that nothing depends on, in a sentence. */
export function whyNot(action: string, error: unknown): string {
  if (error instanceof AppError) return messageOf(error)
  const fault = faultOf(error)
  const { kind, code } = fault
  if (code === 'NotFoundException')
    return 'KMS finds nothing by this name: it was deleted, or is of an account that does not show it.'
  if (throttledBy(fault)) return 'KMS throttles requests.'
  if (isOnTheWay(fault)) return 'KMS could not be reached.'
  if (kind !== 'refused') return `KMS answered ${code}.`
  const only = ownAccountOnly.includes(action) ? '; it works only within the key’s account' : ''
  return `${action} is not allowed to this console (${code})${only}.`
}
