import { Button } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { inContext } from '@/api/context'
import { contextQueries } from '@/api/queries'
import type { Module } from '@/api/types'
import { ProblemNotice } from '@/app/ProblemNotice'
import { useMe } from '@/pages/context/useContextId'
import { moduleName } from '@/texts/modules'
import { Chip } from '@/ui/Chip'
import { Row, Rows, Section } from '@/ui/Section'

/** What the organization has in use of what it pays for. It switches; what it pays for is agreed elsewhere. */
export function ModulesSection() {
  const { t } = useTranslation()
  const { context } = useMe()
  const cache = useQueryClient()
  const query = contextQueries(context).modules()
  const { data } = useSuspenseQuery(query)
  const turn = useMutation({
    mutationFn: (module: Module) => inContext(context).switchModule(module.key, module.switched_off),
    onSettled: () => cache.invalidateQueries({ queryKey: query.queryKey }),
  })
  return (
    <Section title={t('modules.title')} lead={t('modules.lead')}>
      <ProblemNotice error={turn.error} />
      <Rows>
        {data.modules.map((module) => {
          const name = moduleName(module.key, t)
          const word = module.switched_off ? t('modules.switchOn') : t('modules.switchOff')
          return (
            <Row
              key={module.key}
              title={
                <>
                  {name}{' '}
                  <Chip kind={module.on ? 'good' : 'plain'}>
                    {t(module.on ? 'modules.on' : module.switched_off ? 'modules.off' : 'modules.notTaken')}
                  </Chip>
                </>
              }
              action={
                (module.on || module.switched_off) && (
                  <Button
                    variant="default"
                    size="sm"
                    aria-label={`${word}: ${name}`}
                    loading={turn.isPending && turn.variables?.key === module.key}
                    onClick={() => turn.mutate(module)}
                  >
                    {word}
                  </Button>
                )
              }
            />
          )
        })}
      </Rows>
    </Section>
  )
}
