// expect: open
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
struct entry { int sig, code, pid, value; };
static struct entry ring[64];
static _Atomic unsigned head, tail;
static void on(int s, siginfo_t *info, void *context) {
    unsigned h = atomic_load_explicit(&head, memory_order_relaxed);
    (void)context;
    if (h - atomic_load(&tail) >= 64) return;
    struct entry *e = &ring[h & 63];
    e->sig = s, e->code = info->si_code, e->pid = info->si_pid, e->value = info->si_value.sival_int;
    atomic_store_explicit(&head, h + 1, memory_order_release);
}
int main(void) {
    struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        while (tail != head) {
            struct entry e = ring[tail & 63];
            tail++;
            printf("%d %d %d %d\n", e.sig, e.code, e.pid, e.value);
        }
    }
}
