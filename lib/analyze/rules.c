// SPDX-License-Identifier: MIT
/* The table of rules: gates first. */
#include "analyze/rules.h"

#include <string.h>

#include "base/compiler.h"

static const struct rule *const rules[] = {
    &rule_starved_by_others,
    &rule_throttled,
    &rule_under_driven,
};

const struct rule *const *rule_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(rules);
    return rules;
}

const struct rule *rule_by_id(const char *id)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rules); i++)
        if (strcmp(rules[i]->id, id) == 0)
            return rules[i];
    return NULL;
}
