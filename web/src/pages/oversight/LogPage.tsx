import { Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Sought } from '@/api/oversight'
import { useTitle } from '@/app/useTitle'
import { PageHead } from '@/ui/PageHead'
import { LogFilter } from './LogFilter'
import { LogLines } from './LogLines'
import { TakeReport } from './TakeReport'

/** A patient or post that is searched for, as it is called. */
export interface Named {
  id: string
  name: string
}

/** What is asked, with what it is called. */
export interface Question extends Sought {
  about?: Named
  by?: { membership: number; name: string }
}

/** Searching the log of who did what. */
export function LogPage() {
  const { t } = useTranslation()
  const [question, setQuestion] = useState<Question>({ days: 7 })
  useTitle(t('oversight.logTitle'))
  return (
    <Stack gap="lg">
      <PageHead title={t('oversight.logTitle')} lead={t('oversight.logLead')} />
      <LogFilter
        key={`${question.about?.id}/${question.by?.membership}`}
        question={question}
        onSearch={setQuestion}
      />
      {question.about && (
        <TakeReport
          key={question.about.id}
          patient={question.about.id}
          name={question.about.name}
          days={question.days}
        />
      )}
      <LogLines question={question} onNarrow={(more) => setQuestion({ ...question, ...more })} />
    </Stack>
  )
}
