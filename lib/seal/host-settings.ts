import { readFileSync } from 'node:fs'
import { AppError } from '#lib/errors.ts'
import { readSealSettings, type SealSettings } from './seal-settings.ts'

/** Where the host says how its seal is configured. */
export interface HostSettings {
  /** VAULT_CONFIG */
  readonly configFile: string | undefined
  /** Names and values, but for secrets: in their place stands that they are set. */
  readonly variables: Readonly<Record<string, string>>
}

/** @throws AppError `invalid` for what is configured wrongly, and for a file that cannot be read */
export function sealSettingsOf({ configFile, variables }: HostSettings): SealSettings {
  return readSealSettings({
    config: configFile ? { file: configFile, text: textOf(configFile) } : undefined,
    variables,
  })
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('invalid', `VAULT_CONFIG names ${file}, which cannot be read: ${why}.`, {
      cause,
      fix: 'Name a file that is there and that this user may read.',
    })
  }
}
