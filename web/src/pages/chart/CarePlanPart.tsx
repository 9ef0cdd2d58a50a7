import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { CarePlan, Goal } from '@/api/fhirTypes'
import { drafts } from '@/session/drafts'
import { statusWords } from '@/texts/words'
import { onDay, today } from '@/texts/zone'
import { Chip } from '@/ui/Chip'
import { AddRecord } from './AddRecord'
import { ChangeRecord } from './ChangeRecord'
import { Act, Entry, Group, Nothing, Part } from './Part'
import { noteAdded, noteOf, notesOf } from './records'
import { useChart, useRecords } from './useChart'
import { useDoing } from './useDoing'
import { useFields } from './useFields'
import { conceptOf } from './words'

const STANDS = [
  'in-progress',
  'improving',
  'no-change',
  'worsening',
  'achieved',
  'not-achieved',
  'cancelled',
] as const
type Stand = (typeof STANDS)[number]
const ACHIEVEMENT = 'http://terminology.hl7.org/CodeSystem/goal-achievement'

const lifecycleOf = (stand: Stand) =>
  stand === 'achieved' || stand === 'not-achieved'
    ? 'completed'
    : stand === 'cancelled'
      ? 'cancelled'
      : 'active'

const over = (it: Goal) => ['completed', 'cancelled', 'rejected'].includes(it.lifecycleStatus ?? '')

type Doing = 'plan' | 'goal' | { end: CarePlan } | { move: Goal }

export function CarePlanPart() {
  const { t } = useTranslation()
  const { id, me, may, zone, draftKey } = useChart()
  const plans = useRecords('CarePlan')?.filter((it) => it.status !== 'entered-in-error')
  const goals = useRecords('Goal')?.filter((it) => it.lifecycleStatus !== 'entered-in-error')
  const { doing, begin, done } = useDoing<Doing>(() =>
    drafts.has(draftKey('add CarePlan')) ? 'plan' : drafts.has(draftKey('add Goal')) ? 'goal' : null,
  )
  const fields = useFields()
  const writes = may('chart.write')
  const empty = (plans?.length ?? 0) + (goals?.length ?? 0) === 0
  const planName = (it: CarePlan) => it.title ?? t('chart.section_care-plan')
  return (
    <Part
      title={t('chart.section_care-plan')}
      actions={
        writes && (
          <>
            {plans && <Button onClick={() => begin('plan')}>{t('care.addPlan')}</Button>}
            {goals && (
              <Button variant="default" onClick={() => begin('goal')}>
                {t('care.addGoal')}
              </Button>
            )}
          </>
        )
      }
    >
      {empty && <Nothing>{t('chart.noCarePlan')}</Nothing>}
      {plans && plans.length > 0 && (
        <Group>
          {plans.map((it) => (
            <Entry
              key={it.id}
              pending={it.pending}
              quiet={it.status !== 'active'}
              title={planName(it)}
              chips={it.status !== 'active' && <Chip>{statusWords(it.status)}</Chip>}
              lines={[
                it.description,
                ...(it.activity ?? []).map((activity) => {
                  const words = activity.detail?.description ?? conceptOf(activity.detail?.code)
                  return words && `• ${words}`
                }),
                notesOf(it),
              ]}
              aside={it.period?.end && t('chart.until', { day: onDay(it.period.end, zone) })}
              action={
                writes &&
                it.status === 'active' && (
                  <Act label={t('chart.endLabel', { name: planName(it) })} onClick={() => begin({ end: it })}>
                    {t('chart.end')}
                  </Act>
                )
              }
            />
          ))}
        </Group>
      )}
      {goals && goals.length > 0 && (
        <Group title={t('chart.goals')}>
          {goals.map((it) => (
            <Entry
              key={it.id}
              pending={it.pending}
              quiet={over(it)}
              title={conceptOf(it.description)}
              lines={[conceptOf(it.achievementStatus), notesOf(it)]}
              aside={it.target?.[0]?.dueDate && t('chart.due', { day: onDay(it.target[0].dueDate, zone) })}
              action={
                writes &&
                !over(it) && (
                  <Act
                    label={t('care.goalLabel', { name: conceptOf(it.description) })}
                    onClick={() => begin({ move: it })}
                  >
                    {t('chart.change')}
                  </Act>
                )
              }
            />
          ))}
        </Group>
      )}
      {doing === 'plan' && (
        <AddRecord
          type="CarePlan"
          title={t('care.addPlan')}
          submit={t('problem.save')}
          fields={[
            { key: 'title', label: t('care.planTitle'), kind: 'text', needed: t('care.planNeeded') },
            { key: 'text', label: t('care.planText'), kind: 'area' },
            { key: 'activities', label: t('care.activities'), kind: 'area' },
            { key: 'until', label: t('care.ends'), kind: 'date' },
          ]}
          build={({ title, text, activities, until }) => {
            const lines = (activities ?? '').split('\n').map((it) => it.trim())
            const activity = lines
              .filter(Boolean)
              .map((description) => ({ detail: { status: 'in-progress', description } }))
            return {
              resourceType: 'CarePlan',
              status: 'active',
              intent: 'plan',
              title: title?.trim(),
              description: text?.trim() || undefined,
              subject: { reference: `Patient/${id}` },
              period: { start: today(zone), end: until || undefined },
              author: { display: me.person.name },
              activity: activity.length > 0 ? activity : undefined,
            }
          }}
          onDone={done}
        />
      )}
      {doing === 'goal' && (
        <AddRecord
          type="Goal"
          title={t('care.addGoal')}
          submit={t('problem.save')}
          fields={[
            { key: 'text', label: t('care.goal'), kind: 'text', needed: t('care.goalNeeded') },
            { key: 'due', label: t('care.goalDue'), kind: 'date' },
            fields.note,
          ]}
          build={({ text, due, note }) => ({
            resourceType: 'Goal',
            lifecycleStatus: 'active',
            achievementStatus: standOf('in-progress'),
            description: { text: text?.trim() },
            subject: { reference: `Patient/${id}` },
            startDate: today(zone),
            target: due ? [{ dueDate: due }] : undefined,
            note: noteOf(note),
          })}
          onDone={done}
        />
      )}
      {doing && typeof doing === 'object' && 'move' in doing && (
        <ChangeRecord
          type="Goal"
          record={doing.move.id}
          title={conceptOf(doing.move.description)}
          submit={t('chart.save')}
          begin={{ stand: 'improving', due: doing.move.target?.[0]?.dueDate ?? '', note: '' }}
          fields={[
            {
              key: 'stand',
              label: t('care.goalChange'),
              kind: 'select',
              options: STANDS.map((value) => ({ value, label: t(`care.goal_${value}`) })),
            },
            { key: 'due', label: t('care.goalDue'), kind: 'date' },
            fields.note,
          ]}
          build={({ stand, due, note }, standing, now) => {
            const to = STANDS.find((it) => it === stand) ?? 'in-progress'
            return {
              lifecycleStatus: lifecycleOf(to),
              ...(to !== 'cancelled' && { achievementStatus: standOf(to) }),
              ...(due !== (standing.target?.[0]?.dueDate ?? '') && {
                target: due ? [{ ...standing.target?.[0], dueDate: due }] : undefined,
              }),
              note: noteAdded(standing, note, now),
            }
          }}
          describe={(it) => [
            [t('care.goal'), conceptOf(it.description)],
            [t('chart.status'), conceptOf(it.achievementStatus) || statusWords(it.lifecycleStatus)],
            [t('care.goalDue'), it.target?.[0]?.dueDate ? onDay(it.target[0].dueDate, zone) : ''],
            [t('chart.note'), notesOf(it)],
          ]}
          onDone={done}
        />
      )}
      {doing && typeof doing === 'object' && 'end' in doing && (
        <ChangeRecord
          type="CarePlan"
          record={doing.end.id}
          title={t('care.planEndTitle', { name: planName(doing.end) })}
          submit={t('problem.endSave')}
          begin={{ how: 'completed', on: today(zone), note: '' }}
          fields={[
            {
              key: 'how',
              label: t('care.planHow'),
              kind: 'select',
              options: (['completed', 'revoked', 'entered-in-error'] as const).map((value) => ({
                value,
                label: t(`care.plan_${value}`),
              })),
            },
            fields.ended,
            fields.note,
          ]}
          build={({ how, on, note }, standing, now) => ({
            status: how ?? 'completed',
            ...(how !== 'entered-in-error' && { period: { ...standing.period, end: on || today(zone) } }),
            note: noteAdded(standing, note, now),
          })}
          describe={(it) => [
            [t('care.planTitle'), planName(it)],
            [t('chart.status'), statusWords(it.status)],
            [t('chart.endedOn'), it.period?.end ? onDay(it.period.end, zone) : ''],
            [t('chart.note'), notesOf(it)],
          ]}
          onDone={done}
        />
      )}
    </Part>
  )

  function standOf(stand: Stand) {
    return { coding: [{ system: ACHIEVEMENT, code: stand }], text: t(`care.goal_${stand}`) }
  }
}
