/* What most programs of the corpus begin and end with. A program that registers its handler in another way does not use MAIN. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* With -DBY_SIGNAL as programs of 1990 did, for tools that look at signal() alone. */
#ifdef BY_SIGNAL
#define INSTALL(sig, f) signal((sig), (f))
#else
#define INSTALL(sig, f) \
    do { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = (f); sigaction((sig), &sa, 0); } while (0)
#endif
#define INSTALL_INFO(sig, f) \
    do { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_sigaction = (f); sa.sa_flags = SA_SIGINFO; \
         sigaction((sig), &sa, 0); } while (0)
/* Built with -DPROVE a program sends itself the signal once, to show what its handler does. */
#ifdef PROVE
#define MAIN(f) int main(void) { INSTALL(SIGUSR1, f); raise(SIGUSR1); return 0; }
#define MAIN_INFO(f) int main(void) { INSTALL_INFO(SIGUSR1, f); raise(SIGUSR1); return 0; }
#else
#define MAIN(f) int main(void) { INSTALL(SIGUSR1, f); for (;;) pause(); }
#define MAIN_INFO(f) int main(void) { INSTALL_INFO(SIGUSR1, f); for (;;) pause(); }
#endif
#define NOINLINE __attribute__((noinline))

/* A handler of instructions, and two functions for it to reach: one that must not be and one that may. */
#define ASM_HANDLER(body) \
    void handler(int); \
    volatile sig_atomic_t flag; \
    __attribute__((used)) void bad(void) { puts("bad"); } \
    __attribute__((used)) void fine(void) { flag = 1; } \
    __asm__(".text\n.globl handler\n.type handler,@function\nhandler:\n.cfi_startproc\n" body "\n.cfi_endproc\n.size handler,.-handler\n"); \
    MAIN(handler)
