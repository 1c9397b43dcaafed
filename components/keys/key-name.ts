import type { KeyRow } from '#lib/key-holdings/schema.ts'

/** What a key is called: its alias where one was typed, that of the saved environment first; otherwise its ID. */
export function keyName({ arn, aliases }: Pick<KeyRow, 'arn' | 'aliases'>): string {
  const alias = aliases.find(({ inForce }) => inForce) ?? aliases[0]
  return alias?.name.replace(/^.*:(?=alias\/)/, '') ?? keyIdOf(arn)
}

export const keyIdOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1)

/** Region and account. */
export function keyPlace(arn: string): string {
  const [, , , region, account] = arn.split(':')
  return `${region} · ${account}`
}
