// truth: unsafe: a logger that collects in a string stream and prints in its destructor, called from SIGUSR1
#include <csignal>
#include <iostream>
#include <sstream>
#include <unistd.h>
class Log { std::ostringstream text; public: template <class T> Log &operator<<(const T &t) { text << t; return *this; } ~Log() { std::cerr << text.str() << '\n'; } };
static void on_usr1(int s) { Log() << "reopening " << s; }
int main() { std::signal(SIGUSR1, on_usr1); for (;;) pause(); }
