/* A library with an abort of its own. */
volatile int own_aborts;
void abort_returns(void) __asm__("abort");
void abort_returns(void) { own_aborts = 1; }
