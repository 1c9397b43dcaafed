'use client'
import { Tabs } from '@base-ui/react/tabs'
import { Download } from 'lucide-react'
import { buttonClass } from '#components/ui/button-class.ts'
import { CopyButton } from '#components/ui/copy-button.tsx'
import type { Remedy, RemedyFormat } from '#lib/aws/schema.ts'

const words: Record<RemedyFormat, string> = {
  json: 'JSON',
  cli: 'AWS CLI',
  terraform: 'Terraform',
  cloudformation: 'CloudFormation',
}

/** What carries a fix out, in the format that somebody works in: to read, copy or download. */
export default function FixRemedies({ remedies, heading }: { remedies: readonly Remedy[]; heading: 'h3' | 'h4' }) {
  return remedies.map((remedy) => <OneRemedy key={remedy.label} remedy={remedy} heading={heading} />)
}

function OneRemedy({ remedy: { label, note, formats }, heading: Heading }: { remedy: Remedy; heading: 'h3' | 'h4' }) {
  const [first] = formats
  if (!first) return null
  return (
    <section aria-label={label} className="border-t border-line">
      <div className="px-3.5 pt-2.5 pb-2">
        {label !== words[first.format] && <Heading className="font-medium">{label}</Heading>}
        <p className="text-ink-2">{note}</p>
      </div>
      <Tabs.Root defaultValue={first.format}>
        <Tabs.List aria-label={`${label}: format`} className="flex overflow-x-auto border-y border-line bg-sunken px-2">
          {formats.map(({ format }) => (
            <Tabs.Tab
              key={format}
              value={format}
              className="min-h-9 shrink-0 border-b-2 border-transparent px-2 text-xs font-medium whitespace-nowrap text-ink-2 -outline-offset-2 hover:text-ink data-active:border-accent data-active:text-ink pointer-coarse:min-h-11"
            >
              {words[format]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {formats.map(({ format, file, text }) => (
          <Tabs.Panel key={format} value={format} className="-outline-offset-2">
            <pre
              // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
              tabIndex={0}
              className="max-h-72 overflow-auto px-3.5 py-3 text-xs leading-[1.125rem] -outline-offset-2"
            >
              {text}
            </pre>
            <div className="flex flex-wrap gap-2 border-t border-line px-3.5 py-2.5">
              <CopyButton text={text} what={`${label} as ${words[format]}`} />
              <button type="button" className={buttonClass({ size: 'small' })} onClick={() => download(file, text)}>
                <Download aria-hidden className="size-3.5" />
                Download<span className="sr-only"> {file}</span>
              </button>
            </div>
          </Tabs.Panel>
        ))}
      </Tabs.Root>
    </section>
  )
}

function download(file: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = file
  link.click()
  URL.revokeObjectURL(url)
}
