import { Button, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { type KeyboardEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Patient } from '@/api/fhirTypes'
import { http } from '@/api/http'
import type { Dose } from '@/api/medications'
import { atTime } from '@/texts/zone'
import { Dialog } from '@/ui/Dialog'
import { CheckIcon } from '@/ui/icons'
import { Notice } from '@/ui/Notice'
import { against, type Due, thousandths } from './doses'
import { clock } from './Needed'
import type { Kept } from './Outbox'
import classes from './Pass.module.css'
import { fits } from './packages'
import { Face, What, Who } from './ResidentCard'
import { keptOf } from './useOutbox'
import { Witness, type Witnessed } from './Witness'

export interface Props {
  dues: Due[]
  photo: Patient['photo']
  onRecord(doses: Omit<Kept, 'at' | 'state' | 'told'>[]): void
  onClose(): void
}

const keyOf = ({ order, dose }: Due) => `${order.order} ${dose?.due ?? ''}`

/** The last look before it is given: who, what, and whether the package is the one that is ordered. */
export function GiveDialog({ dues, photo, onRecord, onClose }: Props) {
  const { t } = useTranslation()
  const [now] = useState(() => http.now())
  const [scanned, setScanned] = useState<ReadonlyMap<string, string>>(new Map())
  const [typed, setTyped] = useState('')
  const [heard, setHeard] = useState<{ kind: 'good' | 'bad' | 'warn'; words: string } | null>(null)
  const [refused, setRefused] = useState(false)
  const [touched, setTouched] = useState(false)
  const [reason, setReason] = useState('')
  const [despite, setDespite] = useState('')
  const [stock, setStock] = useState('')
  const [amount, setAmount] = useState('')
  const [witnessed, setWitnessed] = useState<Witnessed | null>(null)
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLDivElement>(null)

  const [first] = dues
  if (!first) return null
  const { resident } = first
  const one = dues.length === 1 ? first : undefined
  const name = resident.name || t('medications.nameless')
  const needsReason = one !== undefined && one.dose === null && !one.order.as_needed?.reason
  const counter = one && against(one, now)
  const sheets = one?.order.sheets ?? []
  const sheet = sheets.length === 1 ? sheets[0] : sheets.find((it) => it.stock === stock)
  const needsWitness = sheet?.witness_to_give === true
  const counted = thousandths(amount)
  const wrongAmount = amount.trim() === '' ? needsWitness : counted === null || counted <= 0

  /** Whether what is in the field is the package of something here. Everybody is told in words. */
  function compare(): boolean {
    const read = typed.trim()
    if (read === '') return !refused
    setTyped('')
    const found = dues.find((it) => fits(read, it.order.codes) && !scanned.has(keyOf(it)))
    const again = found ?? dues.find((it) => fits(read, it.order.codes))
    if (again) {
      setScanned(new Map(scanned).set(keyOf(again), read))
      setHeard({ kind: 'good', words: t('medications.scanned', { what: again.order.medication }) })
      setRefused(false)
      return true
    }
    if (one && one.order.codes.length === 0) {
      setHeard({ kind: 'warn', words: t('medications.scanNone', { what: one.order.medication }) })
      return true
    }
    setRefused(true)
    setHeard({
      kind: 'bad',
      words: one ? t('medications.scanWrong', { what: one.order.medication }) : t('medications.scanWrongOne'),
    })
    return false
  }
  function hear(event: KeyboardEvent) {
    if (event.key !== 'Enter') return
    event.preventDefault()
    compare()
  }
  const lacks = {
    reason: needsReason && !reason.trim(),
    despite: Boolean(counter) && !despite.trim(),
    stock: sheets.length > 1 && !sheet,
    amount: sheets.length > 0 && wrongAmount,
  }
  const lacking = Object.values(lacks).some(Boolean)
  function give() {
    setTried(true)
    if (lacking) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())
      return
    }
    const read = typed.trim()
    if (!compare() || (needsWitness && !witnessed)) return
    onRecord(
      dues.map((due) => {
        const scan = scanned.get(keyOf(due)) ?? (one && fits(read, due.order.codes) ? read : undefined)
        const own = due.order.sheets.length === 1 ? due.order.sheets[0] : sheet
        const more: Partial<Dose> = {
          ...(scan && { scanned: scan }),
          ...(reason.trim() && { reason: reason.trim() }),
          ...(due.dose === null &&
            !reason.trim() &&
            due.order.as_needed?.reason && { reason: due.order.as_needed.reason }),
          ...(counter && { despite: despite.trim() }),
          ...(own && { stock: own.stock }),
          ...(own && one && counted && { amount: counted }),
          ...(witnessed && { witnessed: witnessed.entry }),
        }
        return keptOf(due, 'given', more)
      }),
    )
  }
  const zone = resident.zone
  const until = one && (one.dose?.due ?? one.order.as_needed?.next)
  return (
    <Dialog title={t('medications.confirm', { name })} wide onClose={onClose}>
      <Stack gap="md" ref={form}>
        <div className={classes.who}>
          <Face photo={photo} name={name} />
          <Who resident={resident} inDialog />
        </div>
        <ul className={classes.doses}>
          {dues.map((due) => (
            <li key={keyOf(due)} className={classes.dose}>
              {due.dose?.due && <span className={classes.time}>{atTime(due.dose.due, zone)}</span>}
              <What order={due.order} />
              {scanned.has(keyOf(due)) && (
                <span className={classes.fits}>
                  <CheckIcon size={18} /> {t('medications.scanFits')}
                </span>
              )}
            </li>
          ))}
        </ul>
        {counter && (
          <Notice kind="bad">
            {t(`medications.against_${counter}`, { time: until ? clock(until, zone) : '' })}
          </Notice>
        )}
        <TextInput
          size="md"
          label={t('medications.scan')}
          description={t('medications.scanHint')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          // A scanner types without a keyboard on the screen; who touches the field wants one.
          inputMode={touched ? 'text' : 'none'}
          onPointerDown={() => setTouched(true)}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={200}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={hear}
          data-autofocus
        />
        {heard && <Notice kind={heard.kind}>{heard.words}</Notice>}
        {one && one.dose === null && (
          <TextInput
            size="md"
            label={t('medications.reasonFor')}
            placeholder={one.order.as_needed?.reason ?? undefined}
            error={tried && lacks.reason && t('medications.reasonForNeeded')}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {counter && (
          <TextInput
            size="md"
            label={t('medications.why')}
            description={t('medications.whyHint')}
            error={tried && lacks.despite && t('medications.whyNeeded')}
            maxLength={500}
            value={despite}
            onChange={(event) => setDespite(event.currentTarget.value)}
          />
        )}
        {sheets.length > 1 && (
          <NativeSelect
            size="md"
            label={t('medications.sheet')}
            error={tried && lacks.stock && t('medications.sheetNeeded')}
            value={stock}
            onChange={(event) => setStock(event.currentTarget.value)}
            data={[{ value: '', label: '' }, ...sheets.map((it) => ({ value: it.stock, label: it.place }))]}
          />
        )}
        {sheets.length > 0 && (
          <TextInput
            size="md"
            label={t('medications.amount')}
            description={needsWitness ? undefined : t('medications.amountHint')}
            error={tried && lacks.amount && t('medications.amountNeeded')}
            inputMode="decimal"
            maxLength={12}
            disabled={witnessed !== null}
            value={amount}
            onChange={(event) => setAmount(event.currentTarget.value)}
          />
        )}
        {sheet && needsWitness && (
          <Witness
            stock={sheet.stock}
            amount={wrongAmount ? null : counted}
            onMissing={() => setTried(true)}
            onWitnessed={setWitnessed}
          />
        )}
        <Text c="dimmed" size="sm">
          {t('medications.rights')}
        </Text>
        <div className={classes.confirm}>
          <Button size="lg" disabled={refused || (needsWitness && !witnessed)} onClick={give}>
            {one ? t('medications.given') : t('medications.givenCount', { count: dues.length })}
          </Button>
          <Button size="lg" variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </Stack>
    </Dialog>
  )
}
