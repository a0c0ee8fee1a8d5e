// expect: pass
#include <signal.h>
#include <stdatomic.h>
static atomic_ulong total, rate;
static atomic_long sum;
static void on_alarm(int sig) {
    unsigned long t = atomic_load(&total);
    long s = atomic_load(&sum);
    if (t == 0 || s <= 0) return;
    atomic_store(&rate, (unsigned long)sig * 100 / t + (unsigned long)(sig * 1000L / s));
}
int main(void) {
    signal(SIGALRM, on_alarm);
    atomic_store(&total, 5);
    raise(SIGALRM);
    return (int)atomic_load(&rate);
}
