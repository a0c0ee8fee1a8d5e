// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static volatile int n, a[4], sum;
static void on(int s) {
    int m = n;
    if (m > 5000) m = 5000;
    for (int i = 0; i < m; i++) sum = a[i] + s;
}
int main(void) {
    signal(SIGUSR1, on);
    for (;;) n = rand() & 3;
}
