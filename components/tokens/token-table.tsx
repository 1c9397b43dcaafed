'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Badge, type Tone } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { PassFocusOn } from '#components/ui/pass-focus-on.tsx'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import type { TokenRow } from '#lib/auth/schema.ts'
import type { RevokeTokenResult } from './results.ts'

const AlertDialog = dynamic(() => import('#components/ui/alert-dialog.tsx'))

const states: Readonly<Record<TokenRow['state'], { tone: Tone; word: string }>> = {
  active: { tone: 'ok', word: 'Active' },
  expired: { tone: 'idle', word: 'Expired' },
  revoked: { tone: 'idle', word: 'Revoked' },
}

interface Props {
  tokens: readonly TokenRow[]
  /** Whether it shows other people's too. */
  everybody: boolean
  revoke: (input: { id: string }) => Promise<RevokeTokenResult>
}

export function TokenTable({ tokens, everybody, revoke }: Props) {
  const router = useRouter()
  const [asked, setAsked] = useState<TokenRow>()
  const [refusal, setRefusal] = useState<string>()
  const [revoking, startTransition] = useTransition()

  function confirm() {
    if (!asked) return
    startTransition(async () => {
      const result = await revoke({ id: asked.id }).catch(() =>
        unanswered('Reload the page and look whether it is revoked.'),
      )
      setRefusal(result.status === 'error' ? result.message : undefined)
      setAsked(undefined)
      router.refresh()
    })
  }

  return (
    <>
      <Alert>{refusal}</Alert>
      <div className="card relative overflow-x-auto">
        <Table aria-label="API tokens">
          <thead>
            <tr>
              <Th>Name</Th>
              <Th>State</Th>
              <Th wide>May</Th>
              <Th wide>Created</Th>
              <Th wide>Expires</Th>
              <Th wide>Last used</Th>
              <Th>
                <span className="sr-only">Actions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {tokens.map((token) => (
              <tr key={token.id} id={token.id} tabIndex={-1}>
                <Td heads className="min-w-0">
                  <span title={token.name} className="line-clamp-2 font-medium wrap-anywhere">
                    {token.name}
                  </span>
                  <code className="text-xs text-ink-3">{token.start}…</code>
                  {everybody && <span className="block text-xs wrap-anywhere text-ink-3">{token.user}</span>}
                  {/* What the other columns say, for a screen that has no room for them. */}
                  <span className="block text-xs text-ink-3 *:block md:hidden">
                    <span>May {token.scopes.join(', ')}</span>
                    <span>
                      Expires <Time iso={token.expiresAt} />
                    </span>
                    <span>Last used {token.lastUsedAt ? <Time iso={token.lastUsedAt} /> : 'never'}</span>
                  </span>
                </Td>
                <Td>
                  <Badge tone={states[token.state].tone}>{states[token.state].word}</Badge>
                </Td>
                <Td wide>
                  {token.scopes.map((scope) => (
                    <code key={scope} className="block text-xs whitespace-nowrap">
                      {scope}
                    </code>
                  ))}
                </Td>
                <Td wide>
                  <Time iso={token.createdAt} />
                </Td>
                <Td wide>
                  <Time iso={token.expiresAt} />
                </Td>
                <Td wide>
                  {token.lastUsedAt ? <Time iso={token.lastUsedAt} /> : <span className="text-ink-3">Never</span>}
                </Td>
                <Td className="text-right">
                  {token.state === 'active' && (
                    <PassFocusOn to={token.id}>
                      <Button size="small" variant="danger" onClick={() => setAsked(token)}>
                        Revoke
                        <span className="sr-only"> {token.name}</span>
                      </Button>
                    </PassFocusOn>
                  )}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
      {asked && (
        <AlertDialog
          open
          title={`Revoke “${asked.name}”?`}
          confirm="Revoke token"
          cancel="Keep it"
          busy={revoking ? 'Revoking…' : undefined}
          onConfirm={confirm}
          onCancel={() => setAsked(undefined)}
        >
          <p>Whatever uses it is refused from now on. This cannot be undone; a new token can be created.</p>
        </AlertDialog>
      )}
    </>
  )
}
