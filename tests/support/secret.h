/* Whether memory that is given back still has a secret in it. */
#ifndef STAY_TESTS_SECRET_H
#define STAY_TESTS_SECRET_H

/* From now on, in this thread. The word stays the caller's. */
void secret_watch(const char *word);

/* No more; how many blocks with the word in it were given to free. */
unsigned secret_freed(void);

#endif
