// truth: unsafe: reads the word at the address that the siginfo names
#include "corpus.h"
static volatile long seen;
static void handler(int sig, siginfo_t *si, void *u) { seen = *(volatile long *)si->si_addr; }
MAIN_INFO(handler)
