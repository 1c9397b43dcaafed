import { useId } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Card } from '#components/ui/card.tsx'
import { formatBytes } from '#components/ui/format-bytes.ts'
import { Path } from '#components/ui/path-text.tsx'
import { Select } from '#components/ui/select.tsx'
import { shortenArn } from '#components/ui/shorten-arn.ts'
import { Table, Td, Th } from '#components/ui/table.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { Time } from '#components/ui/time.tsx'
import type { BackupRow } from '#lib/backup/schema.ts'

/** More than that are not read through, and make a page of megabytes: a key is named by its ARN, a schedule by its ID. */
const listed = 200

interface RuleProps {
  schedules: readonly { readonly id: string; readonly name: string }[]
  keys: readonly string[]
}

/** All that match: the address of what comes next says what was chosen. */
export function ChooseByRule({ schedules, keys }: RuleProps) {
  const whichKey = useId()
  const whichSchedule = useId()
  return (
    <Card
      title="All that match"
      hint="A backup must match every field that is filled in. What exactly would be lost is shown next."
    >
      <form action="/backups/shred/review" method="get" className="flex flex-wrap items-end gap-2.5">
        {schedules.length > listed ? (
          <TextField
            label="Made by schedule"
            name="schedule"
            mono
            maxLength={36}
            placeholder="its ID"
            aria-describedby={whichSchedule}
            className="w-56 max-sm:w-full"
          />
        ) : (
          <Select label="Made by schedule" name="schedule" className="w-56 max-sm:w-full">
            <option value="">Any</option>
            {schedules.map(({ id, name }) => (
              <option key={id} value={id}>
                {name.slice(0, 80)}
              </option>
            ))}
          </Select>
        )}
        {keys.length > listed ? (
          <TextField
            label="Opened by key"
            name="key"
            mono
            maxLength={2048}
            placeholder="arn:aws:kms:…"
            aria-describedby={whichKey}
            className="w-64 max-sm:w-full"
          />
        ) : (
          <Select label="Opened by key" name="key" className="w-64 max-sm:w-full">
            <option value="">Any</option>
            {keys.map((key) => (
              <option key={key} value={key}>
                {shortenArn(key)}
              </option>
            ))}
          </Select>
        )}
        <TextField label="From before (UTC)" name="before" type="date" className="w-44 max-sm:w-full" />
        <Button type="submit">Show what would be lost</Button>
        {/* Not the help of its field, which would lift it out of the line. */}
        {schedules.length > listed && (
          <p id={whichSchedule} className="w-full text-sm text-ink-3">
            A schedule is named by its ID: <code>npx byok backup schedule list</code> shows them.
          </p>
        )}
        {keys.length > listed && (
          <p id={whichKey} className="w-full text-sm text-ink-3">
            A key is named by its whole ARN, as its page shows it, or, of the console’s root keys, by its ID: root-key/…
          </p>
        )}
      </form>
    </Card>
  )
}

/** One by one, of one page of the list. */
export function ChooseByHand({ rows }: { rows: readonly BackupRow[] }) {
  return (
    <form action="/backups/shred/review" method="get">
      <div className="card overflow-hidden">
        <Table aria-label="Complete backups" className="table-fixed">
          <thead>
            <tr>
              <Th className="w-12">
                <span className="sr-only">Chosen</span>
              </Th>
              <Th>Name</Th>
              <Th numeric wide className="w-28">
                Size
              </Th>
              <Th wide className="w-36">
                When
              </Th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}>
                <Td>
                  <input
                    type="checkbox"
                    name="id"
                    value={row.id}
                    id={`choose-${row.id}`}
                    className="size-[18px] accent-accent"
                  />
                </Td>
                <Td heads>
                  <label htmlFor={`choose-${row.id}`} className="line-clamp-2 font-medium wrap-anywhere">
                    {row.name}
                  </label>
                  <Path path={row.source} className="block truncate text-sm text-ink-3" />
                  <div className="mt-1 text-sm text-ink-3 md:hidden">
                    <Time iso={row.createdAt} />
                  </div>
                </Td>
                <Td numeric wide>
                  {row.bytes === null ? '–' : formatBytes(row.bytes)}
                </Td>
                <Td wide>
                  <Time iso={row.createdAt} />
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      </div>
      <Button type="submit" className="mt-3">
        Show what would be lost
      </Button>
    </form>
  )
}
