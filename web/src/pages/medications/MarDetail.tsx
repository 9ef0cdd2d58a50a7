import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { http } from '@/api/http'
import type { DoseView, Order } from '@/api/medications'
import { atMoment } from '@/texts/zone'
import cases from '@/ui/CaseList.module.css'
import { Dialog } from '@/ui/Dialog'
import { stateAt } from './doses'
import classes from './Mar.module.css'
import { StateChip } from './StateChip'

interface Props {
  order: Order
  dose: DoseView
  zone: string
  onWrong?(): void
  onClose(): void
}

/** All that is known of one dose. */
export function MarDetail({ order, dose, zone, onWrong, onClose }: Props) {
  const { t } = useTranslation()
  const facts = [
    [t('medications.detailDue'), dose.due && atMoment(dose.due, zone)],
    [t('medications.detailAt'), dose.at && atMoment(dose.at, zone)],
    [t('medications.detailBy'), dose.by],
    [t('medications.detailWhy'), dose.reason],
    [t('medications.detailEffect'), dose.effect && t(`medications.effect_${dose.effect}`)],
  ].filter(([, words]) => words)
  return (
    <Dialog title={order.medication} onClose={onClose}>
      <p className={classes.dosage}>{[order.dosage, order.route].filter(Boolean).join(' · ')}</p>
      <p>
        <StateChip state={stateAt(dose, http.now())} /> {dose.elsewhere && t('medications.elsewhere')}
      </p>
      <dl className={cases.facts}>
        {facts.map(([term, words]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <div className={classes.detailActs}>
        {onWrong && (
          <Button variant="default" onClick={onWrong}>
            {t('medications.wrong')}
          </Button>
        )}
        <Button variant={onWrong ? 'subtle' : 'default'} onClick={onClose} data-autofocus>
          {t('common.close')}
        </Button>
      </div>
    </Dialog>
  )
}
