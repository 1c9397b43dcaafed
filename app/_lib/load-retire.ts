import 'server-only'
import { isNeededAgain } from '#lib/retire/needed-again.ts'
import { nextCommands } from '#lib/retire/report-text.ts'
import type { ProofDetail, ProofRow } from '#lib/retire/schema.ts'
import { listProofs, viewProof } from '#lib/retire/view-proofs.ts'
import { getConsole } from './console.ts'
import { requireUser } from './session.ts'

/** A key's proofs, and one of them: the newest unless another is named. */
export async function loadProofs(
  key: string,
  id: string | undefined,
): Promise<{
  proofs: readonly ProofRow[]
  proof: ProofDetail | undefined
  /** The proof found that nothing needs the key, and by now something does. */
  neededAgain: boolean
  commands: ReturnType<typeof nextCommands>
}> {
  await requireUser('backup.read')
  const { db } = await getConsole()
  const proofs = await listProofs(db, key)
  const wanted = proofs.find((one) => one.id === id) ?? proofs[0]
  const proof = wanted && (await viewProof(db, wanted.id))
  const neededAgain = proof?.report ? await isNeededAgain(db, proof.report) : false
  return { proofs, proof, neededAgain, commands: nextCommands(key) }
}
