// truth: safe: sends the signal on to a child whose number a global has
#include "corpus.h"
static volatile pid_t child;
static void handler(int s) { int saved = errno; if (child > 0) kill(child, s); errno = saved; }
int main(void) { INSTALL(SIGTERM, handler); child = fork(); if (child == 0) { for (;;) pause(); } for (;;) pause(); }
