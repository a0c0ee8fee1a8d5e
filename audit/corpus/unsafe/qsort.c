// truth: unsafe: qsort is not on the list and its comparison prints
#include "corpus.h"
static int compare(const void *a, const void *b) { printf("comparing\n"); return *(const int *)a - *(const int *)b; }
static void handler(int s) { int numbers[4] = {3, s, 1, 2}; qsort(numbers, 4, sizeof numbers[0], compare); }
MAIN(handler)
