import type { Diagnosis } from './diagnosis.ts'

// Keys in an external key store. Whatever fails in the store, KMS answers KMSInvalidStateException and tells by the message
// alone what it was: AWS KMS developer guide, "Troubleshooting external key stores".

const ofStore = /external key (store|manager)|the external key\b/i
const passing =
  /did not respond|cannot communicate|could not (reach|communicate)|unhealthy state|cannot interpret the response|request rate/i
const otherContext = /ciphertext.*(additional authenticated data|encryption context).*(corrupted|invalid)/i

/** Outside of KMS nobody answered, or too late (KMS waits 250 ms), or said “later”: nothing is refused. */
export function isKeyStoreOutage(code: string, message: string): boolean {
  return isKeyStoreFault(code, message) && passing.test(message)
}

/** What KMS says itself with InvalidCiphertextException. */
export function isKeyStoreCiphertext(code: string, message: string): boolean {
  return isKeyStoreFault(code, message) && otherContext.test(message)
}

/** Of KMS, or passed on by S3 from the key of a bucket. */
export function isKeyStoreFault(code: string, message: string): boolean {
  return /^(KMS\.)?KMSInvalidStateException$/.test(code) && ofStore.test(message)
}

export function keyStoreAway(message: string): Diagnosis {
  return {
    title: 'The external key store of the key could not be reached',
    detail: 'KMS answered, but the key store outside of AWS did not. Nothing is known to be wrong with the key.',
    cause: message,
    who: 'wait',
    fix: 'Try again in a minute. If it stays, whoever runs the external key store looks at its proxy, and at the network between that and AWS.',
  }
}

/** @param name of the call: `Encrypt` */
export function keyStoreRefused(message: string, name: string): Diagnosis {
  return {
    title: `${name} was refused by the external key store`,
    detail: 'This key lives in a key store outside of AWS, which said no. No policy of AWS can change that.',
    cause: message,
    who: 'key',
    fix: keyStoreFix(message),
  }
}

function keyStoreFix(message: string): string {
  if (/could not authenticate/i.test(message))
    return 'Whoever administers the key gives KMS the proxy’s present credential: KMS > External key stores > Edit.'
  if (/could not find the external key/i.test(message))
    return 'Whoever runs the external key manager brings the external key back under the ID that this KMS key names. Without it nothing opens what is encrypted under it.'
  if (/not enabled/i.test(message)) return 'Whoever runs the external key manager enables the external key.'
  if (/denied access/i.test(message))
    return 'Whoever runs the proxy of the external key store lets these credentials encrypt and decrypt with this key.'
  if (/URI path/i.test(message))
    return 'Whoever administers the key corrects the proxy’s URI path: KMS > External key stores > Edit.'
  return 'Whoever runs the external key store and its proxy finds the request in their log by its ID, and lets it through.'
}
