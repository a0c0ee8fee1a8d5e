// expect: pass
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>
enum { IDLE, WAITING, SENDING };
static atomic_int state;
static void on(int s) {
    (void)s;
    for (;;) {
        int old = state;
        if (old == IDLE) {
            if (atomic_compare_exchange_strong(&state, &old, SENDING)) break;
        } else if (old == SENDING) {
            break;
        } else if (atomic_compare_exchange_strong(&state, &old, IDLE)) {
            break;
        }
    }
}
int main(void) {
    signal(SIGUSR1, on);
    for (;;) {
        atomic_store(&state, WAITING);
        pause();
    }
}
