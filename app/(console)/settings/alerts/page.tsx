import type { Metadata } from 'next'
import { loadAlerts } from '#app/_lib/load.ts'
import { requireUser } from '#app/_lib/session.ts'
import { DeliveryList } from '#components/alerts/delivery-list.tsx'
import { MailForm } from '#components/alerts/mail-form.tsx'
import { WebhookForm } from '#components/alerts/webhook-form.tsx'
import { Card } from '#components/ui/card.tsx'
import { PageHeader } from '#components/ui/page-header.tsx'
import { Time } from '#components/ui/time.tsx'
import { saveMailAlerts, saveWebhookAlerts, sendTest } from './actions.ts'

export const metadata: Metadata = { title: 'Alerts' }

export default async function AlertsPage() {
  await requireUser('alerts.change')
  const { settings, deliveries } = await loadAlerts()
  const { mail, webhook, updatedAt, updatedBy } = settings
  return (
    <>
      <PageHeader
        title="Alerts"
        lede="Sent when a key that something depends on gets worse or a scheduled backup is not made, and once more when all is well again. Every page of this console shows what is wrong; mail and webhook tell those who are not looking."
        aside={
          updatedAt && (
            <>
              Changed <Time iso={updatedAt} />
              <br />
              by {updatedBy}
            </>
          )
        }
      />
      <div className="space-y-5">
        <MailForm settings={mail} save={saveMailAlerts} test={sendTest} />
        <WebhookForm settings={webhook} save={saveWebhookAlerts} test={sendTest} />
        <Card title="Messages" hint="The last 20. One that does not arrive is tried again for about nine hours.">
          <DeliveryList deliveries={deliveries} />
        </Card>
      </div>
    </>
  )
}
