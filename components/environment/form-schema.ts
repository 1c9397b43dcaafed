import { endpointMistake } from '#lib/aws/schema.ts'
import { environmentSchema } from '#lib/environment/schema.ts'

/** The form's schema, which knows as the server does which endpoints this console allows. */
export function formSchema(allowedEndpoints: readonly string[]) {
  return environmentSchema.superRefine((settings, context) => {
    if (settings.hosted) return
    for (const service of ['kms', 's3'] as const) {
      const name = `${service}Endpoint` as const
      const message = endpointMistake(settings[name], service, settings.region, allowedEndpoints)
      if (message) context.addIssue({ code: 'custom', path: [name], message })
    }
  })
}
