// truth: unsafe: the handler tells each observer of a std::vector, one of which writes to a string stream
#include "corpus.h"
#include <sstream>
#include <vector>
struct Observer { virtual ~Observer() = default; virtual void notify(int) = 0; };
static std::ostringstream out;
struct Printer : Observer { void notify(int sig) override { out << "signal " << sig << '\n'; } };
struct Counter : Observer { volatile int count = 0; void notify(int) override { count = count + 1; } };
static std::vector<Observer *> observers;
static void handler(int sig) { for (auto *observer : observers) observer->notify(sig); }
int main()
{
    observers.push_back(new Counter);
    observers.push_back(new Printer);
    INSTALL(SIGUSR1, handler);
    for (;;)
        pause();
}
