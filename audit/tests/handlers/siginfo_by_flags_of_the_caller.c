// expect: pass
// A function adds SA_SIGINFO to the flags that its callers give it.
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
atomic_int sender;
static void handler(int s, siginfo_t *info, void *context) { (void)s, (void)context; atomic_store(&sender, info->si_pid); }
__attribute__((noinline)) static void install(int s, void (*f)(int, siginfo_t *, void *), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = f;
    action.sa_flags = flags | SA_SIGINFO;
    sigaction(s, &action, 0);
}
int main(int count, char **texts) {
    (void)texts;
    install(SIGUSR1, handler, SA_RESTART);
    install(SIGUSR2, handler, count > 1 ? SA_ONSTACK : 0);
    for (;;) pause();
}
