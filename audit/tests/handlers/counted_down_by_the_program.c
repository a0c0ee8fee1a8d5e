// expect: fail
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile int waiting;

static void on(int s) { (void)s; waiting++; }

int main(void) {
    signal(SIGUSR1, on);
    for (;;) {
        pause();
        while (waiting > 0) {
            puts("one");
            /* No machine has one instruction for this. */
            waiting = (waiting - 1) % 7;
        }
    }
}
