import type { EnvironmentContext } from '#lib/environment/access.ts'
import type { KmsPurpose } from './schema.ts'

/** The same context, with which every call of KMS counts as one for this purpose. */
export function calledFor<C extends Pick<EnvironmentContext, 'own' | 'kmsTally'>>(context: C, purpose: KmsPurpose): C {
  return { ...context, own: { ...context.own, onKmsCall: context.kmsTally.of(purpose) } }
}
