#include "suite.h"

void
suite_add(struct suite_test **tests, struct suite_test *test)
{
	while (*tests != NULL && (*tests)->line < test->line)
		tests = &(*tests)->next;
	test->next = *tests;
	*tests = test;
}

Suite *
suite_make(const struct suite_test *tests, const struct suite_options *options)
{
	Suite *suite = suite_create(options->name);
	TCase *tcase = tcase_create(options->name);

	if (options->before != NULL || options->after != NULL)
		tcase_add_checked_fixture(
		    tcase, options->before, options->after);
	if (options->first != NULL || options->last != NULL)
		tcase_add_unchecked_fixture(
		    tcase, options->first, options->last);
	if (options->seconds > 0)
		tcase_set_timeout(tcase, options->seconds);
	for (; tests != NULL; tests = tests->next)
		tcase_add_loop_test(tcase, *tests->test, 0, tests->rows());
	suite_add_tcase(suite, tcase);
	return suite;
}
