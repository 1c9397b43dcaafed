'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import type { Confirmation, ConfirmationNeeded } from '#lib/environment/save-schema.ts'
import {
  type EnvironmentInput,
  type EnvironmentSettings,
  type EnvironmentView,
  environmentFormSchema,
} from '#lib/environment/schema.ts'
import { draftChanges } from './draft-changes.ts'
import { DraftSummary } from './draft-summary.tsx'
import { EncryptionSection } from './encryption-section.tsx'
import { fieldNames, inPageOrder } from './field-order.ts'
import { HostingSection } from './hosting-section.tsx'
import { KeyCheckPanel } from './key-check-panel.tsx'
import { StorageSection } from './storage-section.tsx'
import { UnsavedGuard } from './unsaved-guard.tsx'
import { useKeyCheck } from './use-key-check.ts'
import { WhoCanRead } from './who-can-read.tsx'

// Asked of few saves, so its script comes with the question.
const ConfirmDialog = lazy(() => import('./confirm-dialog.tsx'))

interface Props {
  view: EnvironmentView
  /** May save. Without it every control is read-only. */
  canChange: boolean
  canTest: boolean
}

export function EnvironmentForm({ view, canChange, canTest }: Props) {
  const router = useRouter()
  const panel = useRef<HTMLElement>(null)
  const saveButton = useRef<HTMLButtonElement>(null)
  const check = useKeyCheck(view.report)
  const [cameWith] = useState(view.report)
  const [refusal, setRefusal] = useState<string>()
  const [savedNow, setSavedNow] = useState(false)
  const [asked, setAsked] = useState<{ needed: ConfirmationNeeded; settings: EnvironmentSettings }>()
  // What the form began with: a page that refreshes itself must not make an old form look new.
  const [base, setBase] = useState({ revision: view.revision, values: view.values })
  const [restoring, setRestoring] = useState(view.restoring)
  const [resolver] = useState(() => zodResolver(environmentFormSchema(view.allowedEndpoints)))
  const form = useForm<EnvironmentInput, unknown, EnvironmentSettings>({
    resolver,
    defaultValues: view.restoring?.values ?? view.values,
    mode: 'onTouched',
  })
  // From the older values to the newest by a link, and back: the same form, other values.
  const shown = useRef(view.restoring?.number)
  useEffect(() => {
    if (shown.current === view.restoring?.number) return
    shown.current = view.restoring?.number
    if (restoring?.number === view.restoring?.number) return
    setRestoring(view.restoring)
    setBase({ revision: view.revision, values: view.values })
    form.reset(view.restoring?.values ?? view.values)
  }, [view, restoring, form])
  const unsaved = form.formState.isDirty || restoring !== null
  const saved = savedNow && !unsaved
  // What the report is about.
  const [checked, setChecked] = useState<EnvironmentInput>(view.values)
  // Draws anew with every change. Comparing in there would go by the report before the last one.
  useWatch({ control: form.control, compute: (values) => JSON.stringify(values) })
  const outdated = Object.keys(draftChanges(checked, form.getValues(), view.hostedBucket)).length > 0
  const [encrypt, method, furtherKeys, hosted, credentials] = useWatch({
    control: form.control,
    name: ['encrypt', 'method', 'furtherKeys', 'hosted', 'credentials'],
  })

  function refuse(message: string, fieldErrors: Readonly<Record<string, string>> = {}) {
    setRefusal(message)
    inPageOrder(Object.keys(fieldErrors)).forEach((field, index) => {
      form.setError(field, { type: 'server', message: fieldErrors[field] }, { shouldFocus: index === 0 })
    })
  }

  const invalid = (verb: string) => () => {
    const names = fieldNames(form.getValues('furtherKeys').length)
    const first = names.find((name) => form.getFieldState(name).error)
    setSavedNow(false)
    setRefusal(
      `Nothing was ${verb}. ${(first && form.getFieldState(first).error?.message) ?? 'Correct what is marked.'}`,
    )
    if (first) form.setFocus(first)
  }

  async function save(settings: EnvironmentSettings, confirmation: Confirmation = {}) {
    setRefusal(undefined)
    setSavedNow(false)
    const restoredFrom = restoring?.number ?? null
    const result = await check.save({ settings, base: base.revision, confirmation, restoredFrom })
    if (result.report) setChecked(settings)
    if (result.status === 'confirm') {
      setAsked({ needed: result, settings })
      return
    }
    setAsked(undefined)
    if (result.status === 'error') {
      refuse(result.message, result.fieldErrors)
      return
    }
    const values = { ...settings, secretAccessKey: '', sessionToken: '' }
    setBase({ revision: result.revision, values })
    setRestoring(null)
    setSavedNow(true)
    form.reset(values)
    // At once, so that a reload does not bring the older values back.
    if (restoring) window.history.replaceState(null, '', '/settings/backup-environment')
    router.refresh()
  }

  async function test(settings: EnvironmentSettings) {
    setRefusal(undefined)
    setSavedNow(false)
    const result = await check.test(settings, restoring?.number ?? null)
    if (result.report) setChecked(settings)
    if (result.status === 'error') refuse(result.message, result.fieldErrors)
    // Where the check stands below the form, bring it into sight.
    if (window.matchMedia('(width < 1100px)').matches) panel.current?.scrollIntoView({ block: 'start' })
  }

  return (
    <div className="grid grid-cols-1 items-start gap-6 min-[1100px]:grid-cols-[minmax(0,1fr)_420px]">
      <form
        method="post"
        onSubmit={form.handleSubmit((settings) => save(settings), invalid('saved'))}
        noValidate
        aria-label="Backup Environment"
        className="min-w-0"
      >
        {restoring && (
          <p className="mb-4 rounded-control bg-info-soft px-4 py-3 text-info">
            These are the values of revision {restoring.number}. Nothing is changed yet: save them, and they are checked
            again and become a new revision.
          </p>
        )}
        <fieldset disabled={!canChange} className="min-w-0 space-y-4">
          <StorageSection form={form} disabled={!canChange} />
          <EncryptionSection form={form} disabled={!canChange} view={view} report={check.report} />
          <HostingSection
            form={form}
            disabled={!canChange}
            hostedBucket={view.hostedBucket}
            secretStored={restoring?.hasSecret ?? view.hasSecretAccessKey}
            externalId={view.externalId}
            roles={view.offered.roles}
          >
            <WhoCanRead hosted={hosted} method={encrypt ? method : 'none'} />
          </HostingSection>
          {unsaved && base.revision > 0 && (
            <DraftSummary form={form} saved={base.values} revision={base.revision} view={view} />
          )}
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
                  ref={saveButton}
                  type="submit"
                  variant="primary"
                  disabled={check.running === 'test'}
                  busy={check.running === 'save' ? 'Checking…' : undefined}
                >
                  Save Settings
                </Button>
              )}
              {canTest && (
                <Button
                  onClick={form.handleSubmit(test, invalid('tested'))}
                  disabled={check.running === 'save'}
                  busy={check.running === 'test' ? 'Testing…' : undefined}
                >
                  Test key
                </Button>
              )}
              <div className="ml-auto flex flex-wrap items-center justify-end text-sm text-ink-3 max-sm:ml-0">
                <p role="status" className="mr-2 font-medium text-ok empty:mr-0">
                  {saved ? 'Settings saved' : ''}
                </p>
                {saved && <p>Revision {base.revision}. The next backup uses it.</p>}
                {unsaved && <p>Unsaved changes</p>}
              </div>
            </div>
          </div>
        )}
      </form>
      <aside ref={panel} aria-label="Proof" className="scroll-mt-4 min-[1100px]:sticky min-[1100px]:top-6">
        <KeyCheckPanel
          report={check.report}
          running={check.running !== undefined}
          checks={check.checks}
          withKey={encrypt && method === 'AWS-KMS'}
          withRole={!hosted && credentials === 'assume-role'}
          furtherKeys={furtherKeys.length}
          outdated={outdated}
          madeAt={check.report === cameWith ? view.savedAt : null}
        />
      </aside>
      <UnsavedGuard unsaved={unsaved && canChange} />
      {asked && (
        <Suspense>
          <ConfirmDialog
            needed={asked.needed}
            busy={check.running === 'save'}
            returnTo={saveButton}
            onConfirm={(confirmation) => save(asked.settings, confirmation)}
            onCancel={() => setAsked(undefined)}
          />
        </Suspense>
      )}
    </div>
  )
}
