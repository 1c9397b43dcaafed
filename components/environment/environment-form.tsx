'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { type FieldErrors, useForm, useWatch } from 'react-hook-form'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { count } from '#components/ui/format-bytes.ts'
import {
  type EnvironmentInput,
  type EnvironmentSettings,
  type EnvironmentView,
  environmentSchema,
  type SaveEnvironmentResult,
  type TestKeyResult,
} from '#lib/environment/schema.ts'
import { EncryptionSection } from './encryption-section.tsx'
import { HostingSection } from './hosting-section.tsx'
import { KeyCheckPanel } from './key-check-panel.tsx'
import { StorageSection } from './storage-section.tsx'
import { useUnsavedWarning } from './use-unsaved-warning.ts'

interface Props {
  view: EnvironmentView
  /** May save. Without it every control is read-only. */
  canChange: boolean
  canTest: boolean
  save: (input: EnvironmentInput, baseRevision: number) => Promise<SaveEnvironmentResult>
  test: (input: EnvironmentInput) => Promise<TestKeyResult>
}

/** In the order of the page, which is the order in which errors take the focus. */
const fields = [
  'region',
  'encrypt',
  'method',
  'masterKey',
  'hosted',
  'label',
  'bucket',
  'prefix',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
] as const satisfies readonly (keyof EnvironmentInput)[]

const noAnswer = 'The console did not answer. Reload the page to see what is saved, then try again.'

export function EnvironmentForm({ view, canChange, canTest, save, test }: Props) {
  const router = useRouter()
  const panel = useRef<HTMLElement>(null)
  const [running, setRunning] = useState<'save' | 'test'>()
  const [report, setReport] = useState(view.report)
  const [refusal, setRefusal] = useState<string>()
  const [saved, setSaved] = useState(false)
  // Belongs to the values in the form: a page that refreshes itself must not make an old form look new.
  const [revision, setRevision] = useState(view.revision)
  const form = useForm<EnvironmentInput, unknown, EnvironmentSettings>({
    resolver: zodResolver(environmentSchema),
    defaultValues: view.values,
    mode: 'onTouched',
  })
  const { isDirty, dirtyFields } = form.formState
  const [encrypt, method] = useWatch({ control: form.control, name: ['encrypt', 'method'] })
  useUnsavedWarning(isDirty)

  function refuse(message: string, fieldErrors: Partial<Record<keyof EnvironmentInput, string>> = {}) {
    setRefusal(message)
    const wrong = fields.filter((field) => fieldErrors[field])
    for (const field of wrong) {
      form.setError(field, { type: 'server', message: fieldErrors[field] }, { shouldFocus: field === wrong[0] })
    }
  }

  const invalid = (verb: string) => (errors: FieldErrors<EnvironmentInput>) => {
    const first = fields.find((field) => errors[field])
    setSaved(false)
    setRefusal(`Nothing was ${verb}. ${(first && errors[first]?.message) ?? 'Correct what is marked.'}`)
  }

  async function run<T extends SaveEnvironmentResult | TestKeyResult>(kind: 'save' | 'test', call: () => Promise<T>) {
    setRunning(kind)
    setRefusal(undefined)
    setSaved(false)
    const result = await call().catch(() => ({ status: 'error' as const, message: noAnswer }))
    setRunning(undefined)
    if ('report' in result && result.report) setReport(result.report)
    if (result.status === 'error') refuse(result.message, 'fieldErrors' in result ? result.fieldErrors : undefined)
    return result
  }

  const onSave = form.handleSubmit(async (values) => {
    const result = await run('save', () => save(values, revision))
    if (result.status === 'error') return
    setRevision(result.revision)
    setSaved(true)
    form.reset({ ...values, secretAccessKey: '', sessionToken: '' })
    router.refresh()
  }, invalid('saved'))

  const onTest = form.handleSubmit(async (values) => {
    await run('test', () => test(values))
    // Where the check stands below the form, bring it into sight.
    if (window.matchMedia('(width < 1100px)').matches) panel.current?.scrollIntoView({ block: 'start' })
  }, invalid('tested'))

  return (
    <div className="grid grid-cols-1 items-start gap-6 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
      <form onSubmit={onSave} noValidate aria-label="Backup Environment" className="min-w-0">
        <fieldset disabled={!canChange} className="min-w-0 space-y-4">
          <StorageSection form={form} disabled={!canChange} />
          <EncryptionSection form={form} offeredKeys={canChange ? view.offeredKeys : []} />
          <HostingSection form={form} hostedBucket={view.hostedBucket} secretStored={view.hasSecretAccessKey} />
        </fieldset>
        {(canChange || canTest) && (
          <div className="z-10 mt-0 space-y-2.5 bg-linear-to-b from-transparent to-canvas to-30% pt-5 pb-3 md:sticky md:bottom-0">
            <Alert>{refusal}</Alert>
            {/* Leaving a field can make its message come or go, and so move these buttons away from under the pointer
                before the click is complete. So pressing them does not take the focus away from the field. */}
            {/* biome-ignore lint/a11y/noStaticElementInteractions: nothing is done here, something is not done */}
            <div className="flex flex-wrap items-center gap-2.5" onMouseDown={(event) => event.preventDefault()}>
              {canChange && (
                <Button
                  type="submit"
                  variant="primary"
                  disabled={!!running}
                  busy={running === 'save' ? 'Checking…' : undefined}
                >
                  Save Settings
                </Button>
              )}
              {canTest && (
                <Button onClick={onTest} disabled={!!running} busy={running === 'test' ? 'Testing…' : undefined}>
                  Test key
                </Button>
              )}
              <div className="ml-auto flex flex-wrap items-center justify-end text-sm text-ink-3 max-sm:ml-0">
                <p role="status" className="mr-2 font-medium text-ok empty:mr-0">
                  {saved && !isDirty ? 'Settings saved' : ''}
                </p>
                {saved && !isDirty && <p>Revision {revision}. The next backup uses it.</p>}
                {isDirty && (
                  <p>
                    Unsaved changes
                    {dirtyFields.masterKey &&
                      view.backups > 0 &&
                      ` · ${count(view.backups, 'backup stays', 'backups stay')} under the old key`}
                  </p>
                )}
              </div>
            </div>
          </div>
        )}
      </form>
      <aside ref={panel} aria-label="Proof" className="scroll-mt-4 min-[1100px]:sticky min-[1100px]:top-6">
        <KeyCheckPanel report={report} running={running !== undefined} withKey={encrypt && method === 'AWS-KMS'} />
      </aside>
    </div>
  )
}
