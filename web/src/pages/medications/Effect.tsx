import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { hasCode } from '@/api/errors'
import { type Effect as Helped, medicationQueries, medicationsIn, type PassResident } from '@/api/medications'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useContextId } from '@/pages/context/useContextId'
import { atTime } from '@/texts/zone'
import type { Line } from './doses'
import classes from './Pass.module.css'

const EFFECTS = ['helped', 'somewhat', 'no-help'] as const

/** Whether what was given as needed helped: one touch. */
export function Effect({ line, resident }: { line: Line; resident: PassResident }) {
  const { t } = useTranslation()
  const context = useContextId()
  const cache = useQueryClient()
  const { order, dose } = line
  const again = () => cache.invalidateQueries({ queryKey: medicationQueries(context).all })
  const say = useMutation({
    mutationFn: (effect: Helped) => medicationsIn(context).effect(dose.administration ?? '', effect),
    onSuccess: again,
    onError: (error) => (hasCode(error, 'effect-known', 'dose-wrong') ? again() : undefined),
  })
  return (
    <div className={classes.effect}>
      <span className={classes.question}>
        {t('medications.effectAsk', {
          what: order.medication,
          time: dose.at ? atTime(dose.at, resident.zone) : '',
        })}
      </span>
      <span className={classes.acts}>
        {EFFECTS.map((effect) => (
          <button
            key={effect}
            type="button"
            className={classes.otherAct}
            disabled={say.isPending}
            aria-label={t('medications.effectLabel', {
              effect: t(`medications.effect_${effect}`),
              what: order.medication,
              name: resident.name,
            })}
            onClick={() => say.mutate(effect)}
          >
            {t(`medications.effect_${effect}`)}
          </button>
        ))}
      </span>
      <ProblemNotice
        error={say.error}
        instead={{
          'effect-known': t('medications.effectKnown'),
          'dose-wrong': t('medications.wrongAlready'),
        }}
      />
    </div>
  )
}
