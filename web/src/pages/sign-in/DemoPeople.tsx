import { Stack, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { signIn } from '@/api/auth'
import type { DemoPerson } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { demoPeople } from '@/texts/en/demo'
import { ChoiceCard } from '@/ui/ChoiceCard'
import classes from './DemoPeople.module.css'

const care = ['nurse', 'care-aide', 'physician', 'prescriber', 'nurse-and-daughter']
const outside = ['patient', 'family-member', 'attorney', 'referring-doctor', 'supplier']
const groups = ['care', 'outside', 'office'] as const

function groupOf(key: string) {
  if (care.includes(key)) return 'care'
  return outside.includes(key) ? 'outside' : 'office'
}

interface Props {
  people: DemoPerson[]
  onDone(): Promise<unknown>
}

/** The invented people of a demonstration: one of them is chosen, and nothing is asked. */
export function DemoPeople({ people, onDone }: Props) {
  const { t } = useTranslation()
  const id = useId()
  const choose = useMutation({
    mutationFn: async (key: string) => {
      await signIn.asDemo(key)
      await onDone()
    },
  })
  return (
    <Stack gap="lg">
      <ProblemNotice error={choose.error} />
      {groups.map((group) => (
        <section key={group} aria-labelledby={`${id}-${group}`}>
          <Title order={2} size="h4" mb="xs" id={`${id}-${group}`}>
            {t(`demo.${group}`)}
          </Title>
          <ul className={classes.people}>
            {people
              .filter((it) => groupOf(it.key) === group)
              .sort((a, b) => order(a.key) - order(b.key))
              .map((it) => (
                <li key={it.key}>
                  <ChoiceCard
                    title={it.name}
                    text={<Words person={it} />}
                    onClick={() => choose.isPending || choose.mutate(it.key)}
                  />
                </li>
              ))}
          </ul>
        </section>
      ))}
    </Stack>
  )
}

const order = (key: string) => [...care, ...outside].indexOf(key)

function Words({ person }: { person: DemoPerson }) {
  const { t } = useTranslation()
  const where = ([first = '', ...rest]: string[]) =>
    rest.length === 0 ? first : t('demo.more', { first, count: rest.length })
  return (
    <>
      {person.posts.map((post) => (
        <span key={`${post.role} ${post.facilities.join()}`} className={classes.post}>
          <strong>{post.role}</strong>, {where(post.facilities)}
        </span>
      ))}
      {demoPeople[person.key]}
    </>
  )
}
