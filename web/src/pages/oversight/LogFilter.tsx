import { Button, Checkbox, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { contextQueries } from '@/api/queries'
import { nameOf } from '@/pages/chart/words'
import { showsPatients } from '@/pages/context/shows'
import { useMe } from '@/pages/context/useContextId'
import { FindPatient } from '@/pages/patients/FindPatient'
import { whats } from '@/texts/en/deeds'
import { Dialog } from '@/ui/Dialog'
import type { Question } from './LogPage'
import classes from './Oversight.module.css'

const PERIODS = [1, 7, 30, 90, 365] as const

/** What is looked for. Nothing is asked before it is said: every search is in the log. */
export function LogFilter({ question, onSearch }: { question: Question; onSearch(it: Question): void }) {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const [draft, setDraft] = useState(question)
  const [finding, setFinding] = useState(false)
  const people = useQuery({ ...contextQueries(context).people(), enabled: may('people.read') })
  const posts = people.data?.people ?? []
  const change = (more: Partial<Question>) => setDraft({ ...draft, ...more })
  const search = (event: FormEvent) => {
    event.preventDefault()
    onSearch(draft)
  }
  const choosePost = (value: string) => {
    const found = posts.find((it) => String(it.membership) === value)
    change({ by: found && { membership: found.membership, name: found.name } })
  }
  return (
    <search>
      <form className={classes.filter} onSubmit={search}>
        <NativeSelect
          size="md"
          label={t('oversight.period')}
          value={draft.days}
          onChange={(event) => change({ days: Number(event.currentTarget.value) })}
          data={PERIODS.map((it) => ({ value: String(it), label: t(`oversight.period_${it}`) }))}
        />
        <NativeSelect
          size="md"
          label={t('oversight.what')}
          value={draft.what ?? ''}
          onChange={(event) => change({ what: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: t('oversight.anything') },
            ...Object.entries(whats)
              .filter(([key]) => key !== 'other')
              .map(([value, label]) => ({ value, label })),
          ]}
        />
        {posts.length > 0 && (
          <NativeSelect
            size="md"
            label={t('oversight.who')}
            value={draft.by ? String(draft.by.membership) : ''}
            onChange={(event) => choosePost(event.currentTarget.value)}
            data={[
              { value: '', label: t('oversight.anybody') },
              ...posts.map((it) => ({
                value: String(it.membership),
                label: it.role && it.role !== it.name ? `${it.name}, ${it.role}` : it.name,
              })),
            ]}
          />
        )}
        {me.facilities.length > 1 && (
          <NativeSelect
            size="md"
            label={t('oversight.facility')}
            value={draft.facility ?? ''}
            onChange={(event) => change({ facility: event.currentTarget.value || undefined })}
            data={[
              { value: '', label: t('oversight.everywhere') },
              ...me.facilities.map((it) => ({ value: it.code, label: it.name })),
            ]}
          />
        )}
        <fieldset className={`${classes.wide} ${classes.row}`} style={{ border: 0, margin: 0, padding: 0 }}>
          <legend className="mantine-InputWrapper-label">{t('oversight.only')}</legend>
          <Checkbox
            label={t('oversight.onlyRefused')}
            checked={draft.refused ?? false}
            onChange={(event) => change({ refused: event.currentTarget.checked })}
          />
          <Checkbox
            label={t('oversight.onlyEmergency')}
            checked={draft.emergency ?? false}
            onChange={(event) => change({ emergency: event.currentTarget.checked })}
          />
        </fieldset>
        <div className={`${classes.wide} ${classes.row}`}>
          <Button type="submit">{t('oversight.search')}</Button>
          {showsPatients(me.permissions) && (
            <Button variant="default" onClick={() => setFinding(true)}>
              {draft.about
                ? t('oversight.ofPatient', { name: draft.about.name })
                : t('oversight.choosePatient')}
            </Button>
          )}
          {draft.about && (
            <Button variant="subtle" onClick={() => change({ about: undefined })}>
              {t('oversight.anyPatient')}
            </Button>
          )}
          {posts.length === 0 && draft.by && (
            <Button variant="subtle" onClick={() => change({ by: undefined })}>
              {t('oversight.clearPost')}
            </Button>
          )}
        </div>
      </form>
      {finding && (
        <Dialog title={t('oversight.wholeRecord')} onClose={() => setFinding(false)} wide>
          <FindPatient
            label={t('accesses.find')}
            pick={t('oversight.pickPatient')}
            none={t('oversight.noPatient')}
            onPick={(patient) => {
              change({ about: { id: patient.id, name: nameOf(patient.name) || t('chart.nameless') } })
              setFinding(false)
            }}
          />
        </Dialog>
      )}
    </search>
  )
}
