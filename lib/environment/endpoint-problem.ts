import { endpointAddressProblem } from '#lib/aws/connect-guard.ts'
import { endpointMistake, parseEndpoint } from '#lib/aws/schema.ts'
import type { EnvironmentContext } from './access.ts'

interface EndpointSettings {
  readonly region: string
  readonly hosted: boolean
  readonly kmsEndpoint: string
  readonly s3Endpoint: string
}
export interface EndpointProblem {
  readonly field: 'kmsEndpoint' | 's3Endpoint'
  readonly message: string
}

/** Whether the endpoints that a person entered may be used: as written, in this Region, and by what they resolve to. */
export async function findEndpointProblem(
  { allowedEndpoints }: Pick<EnvironmentContext, 'allowedEndpoints'>,
  { region, hosted, ...settings }: EndpointSettings,
): Promise<EndpointProblem | undefined> {
  if (hosted) return undefined
  const found = await Promise.all(
    (['kms', 's3'] as const).map(async (service): Promise<EndpointProblem | undefined> => {
      const field = `${service}Endpoint` as const
      if (!settings[field]) return undefined
      const parsed = parseEndpoint(settings[field], service, allowedEndpoints)
      const message =
        endpointMistake(settings[field], service, region, allowedEndpoints) ??
        (parsed.ok ? await endpointAddressProblem(parsed.endpoint) : undefined)
      return message === undefined ? undefined : { field, message }
    }),
  )
  return found.find((problem) => problem !== undefined)
}
