import { test } from 'vitest'
import { interruptAnywhere } from './interrupt-anywhere-for-tests.ts'

test('backups that are interrupted anywhere come back the same', () => interruptAnywhere(500))
