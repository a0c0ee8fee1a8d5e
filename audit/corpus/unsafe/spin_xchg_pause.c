// truth: unsafe: a lock of xchg and pause
#include "corpus.h"
static int lock;
volatile sig_atomic_t n;
static void handler(int s) { while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) __builtin_ia32_pause(); n = s; __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) ; n = 0; __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); } }
