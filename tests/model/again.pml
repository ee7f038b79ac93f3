/*
 * calls.pml with calls that may be sent again after a loss. Which of them may
 * be makes for many more states, so fewer things go wrong.
 */
#define AGAIN 1
#define LOSSES 2
#define REFUSALS 1
#include "calls.pml"
