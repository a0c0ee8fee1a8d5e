// expect: fail
// A function adds SA_RESTART to the flags that its callers give it, of which one gives no SA_SIGINFO.
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
    action.sa_flags = flags | SA_RESTART;
    sigaction(s, &action, 0);
}
int main(void) {
    install(SIGUSR1, handler, SA_SIGINFO);
    install(SIGUSR2, handler, SA_NOCLDSTOP);
    for (;;) pause();
}
