import { Argument, type Command } from 'commander'
import { alertChannels } from '#lib/alerts/schema.ts'
import { tryAlert } from '#lib/alerts/try-alert.ts'
import { viewAlerts } from '#lib/alerts/view-alerts.ts'
import { AppError } from '#lib/errors.ts'
import { withServices } from './attach.ts'
import { print } from './output.ts'

export function addAlerts(alerts: Command): void {
  alerts
    .command('test')
    .description('Sends one message by the saved settings, and says what came of it.')
    .addArgument(new Argument('[channel]', 'default: each that is set up').choices(alertChannels))
    .addHelpText(
      'after',
      '\nExit codes: 0 sent, 1 refused, 2 bad usage, 3 it cannot be reached, or no console is running.',
    )
    .action(async (wanted: string | undefined) => {
      await withServices(async ({ backup }) => {
        const { settings } = await viewAlerts(backup)
        const channels = alertChannels.filter((one) => (wanted === undefined ? settings[one] : one === wanted))
        if (channels.length === 0)
          throw new AppError('invalid', 'No alerts are set up.', { fix: 'Set them up in Settings > Alerts.' })
        for (const channel of channels) {
          await tryAlert(backup, channel, 'command line')
          print(`Sent by ${channel}.`)
        }
      })
    })
}
