#include "http/connection.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/instant.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#pragma GCC diagnostic pop

namespace continuum::http {

namespace {

using boost::system::error_code;

constexpr size_t kReadBytesMin = 4 * kKibi;
constexpr size_t kBodyStepMin = 64 * kKibi;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

const std::string& current_date(Worker& worker) {
  const int64_t second = std::time(nullptr);
  if (second != worker.date_second) {
    worker.date_second = second;
    worker.date = to_http_date({second * 1'000'000});
  }
  return worker.date;
}

bool would_block(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

Connection::Connection(Socket socket, Worker& worker, Counted slot, std::string peer)
    : socket_(std::move(socket)), worker_(worker), slot_(std::move(slot)) {
  request_.peer = std::move(peer);
  index_ = worker_.connections.size();
  worker_.connections.push_back(this);
  ++worker_.connections_size;
}

Connection::~Connection() {
  worker_.connections[index_] = worker_.connections.back();
  worker_.connections[index_]->index_ = index_;
  worker_.connections.pop_back();
  --worker_.connections_size;
}

void Connection::start() {
  error_code error;
  socket_.non_blocking(true, error);
  if (!error) {
    socket_.set_option(Tcp::no_delay(true), error);
  }
  if (error || worker_.shared.stopping) {
    close();
    return;
  }
  scanner_.emplace(limits());
  set_deadline(limits().header_ms_max);
  read();
}

void Connection::refuse() {
  error_code error;
  socket_.non_blocking(true, error);
  if (error || worker_.shared.stopping) {
    close();
    return;
  }
  keep_alive_ = false;
  if (answer(make_error(503, "too many connections; try again shortly")) == Step::kAgain) {
    advance();
  }
}

void Connection::set_deadline(uint32_t ms, uint64_t bytes_moved) {
  if (bytes_moved == 0) {
    phase_began_ = SteadyClock::now();
  }
  const uint64_t rate = std::max<uint64_t>(1, limits().transfer_bytes_per_second_min);
  deadline_ = phase_began_ + std::chrono::milliseconds(ms) +
              std::chrono::milliseconds(bytes_moved * 1000 / rate);
}

void Connection::tick(SteadyClock::time_point now) {
  if (now < deadline_ || phase_ == Phase::kHandling || phase_ == Phase::kClosed) {
    return;
  }
  const bool between_requests = phase_ == Phase::kHead && unread().empty();
  if (!between_requests && phase_ != Phase::kLinger) {
    count(worker_.counters.timeouts);
  }
  if (!between_requests && (phase_ == Phase::kHead || phase_ == Phase::kBody)) {
    time_out_request();
    return;
  }
  close();
}

void Connection::time_out_request() {
  cancel_read();
  if (refuse_request({.status = 408, .reason = "the request took too long to arrive"}) ==
      Step::kAgain) {
    advance();
  }
}

void Connection::drain() {
  if (phase_ == Phase::kHead) {
    close();
  }
}

void Connection::close() {
  phase_ = Phase::kClosed;
  error_code ignored;  // the peer may be gone already
  socket_.close(ignored);
  delay_.reset();
  end_request();
}

void Connection::advance() {
  for (uint32_t turn = 0; turn < kPipelinedTurnMax * 4; ++turn) {
    if (step() == Step::kWait) {
      return;
    }
  }
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->advance(); });
}

Connection::Step Connection::step() {
  switch (phase_) {
    case Phase::kHead:
      return step_head();
    case Phase::kBody:
      return framing_.body == BodyKind::kChunked ? step_chunked_body() : step_length_body();
    case Phase::kAnswer:
      return write();
    case Phase::kHandling:
    case Phase::kLinger:
    case Phase::kClosed:
      return Step::kWait;
  }
  return Step::kWait;
}

Connection::Step Connection::step_head() {
  // RFC 9112 2.2: empty lines before a request line are skipped.
  while (!scanner_->started() && unread().starts_with("\r\n")) {
    in_begin_ += 2;
  }
  if (!scanner_->started() && unread() == "\r") {
    read();
    return Step::kWait;
  }
  const bool was_idle = !first_request_ && !scanner_->started();
  const auto size = scanner_->scan(unread());
  if (!size) {
    return refuse_request(size.error());
  }
  if (*size == 0) {
    if (was_idle && !unread().empty()) {
      set_deadline(limits().header_ms_max);
    }
    read();
    return Step::kWait;
  }
  const std::string_view head = unread().substr(0, *size);
  in_begin_ += *size;
  return begin_request(head);
}

Connection::Step Connection::begin_request(std::string_view head) {
  const auto framing = parse_request_head(head, limits(), request_);
  if (!framing) {
    return refuse_request(framing.error());
  }
  framing_ = *framing;
  keep_alive_ = framing_.keep_alive;
  const BodyLimit& body_limit = worker_.shared.options.body_limit;
  body_bytes_max_ = body_limit ? std::min(body_limit(request_), limits().body_bytes_max)
                               : limits().body_bytes_max;
  if (framing_.length > body_bytes_max_) {
    return refuse_request({.status = 413, .reason = "the body is too large"});
  }
  in_flight_ = Counted(worker_.shared.requests);
  if (worker_.shared.requests > limits().requests_in_flight_max) {
    return refuse_busy("too many requests in flight; try again shortly");
  }
  if (worker_.shared.budget.exhausted()) {
    return refuse_busy("too many bytes in flight; try again shortly");
  }
  return framing_.body == BodyKind::kNone ? handle() : begin_body();
}

Connection::Step Connection::begin_body() {
  if (!grow_body_reservation(std::min<uint64_t>(kBodyStepMin, framing_.length))) {
    return refuse_busy("too many bytes in flight; try again shortly");
  }
  phase_ = Phase::kBody;
  body_size_ = 0;
  if (framing_.body == BodyKind::kChunked) {
    chunks_.emplace(body_bytes_max_);
  }
  set_deadline(limits().body_ms_max);
  if (!framing_.expects_continue || !unread().empty()) {
    return Step::kAgain;
  }
  sends_continue_ = true;
  head_ = kContinue;
  sends_body_ = false;
  written_ = 0;
  phase_ = Phase::kAnswer;
  return Step::kAgain;
}

// Doubles, so that a peer that announces much and sends little holds little.
bool Connection::grow_body_reservation(uint64_t needed) {
  const uint64_t held = body_bytes_.bytes();
  if (needed <= held && held != 0) {
    return true;
  }
  const uint64_t wanted = std::max<uint64_t>(needed, std::min(held * 2, body_bytes_max_));
  if (held != 0) {
    return body_bytes_.grow(wanted - held).has_value();
  }
  auto reserved = worker_.shared.budget.reserve(wanted);
  if (!reserved) {
    return false;
  }
  body_bytes_ = *std::move(reserved);
  return true;
}

Connection::Step Connection::step_length_body() {
  const std::string_view at_hand =
      unread().substr(0, static_cast<size_t>(framing_.length) - body_size_);
  if (!at_hand.empty()) {
    request_.body.resize(body_size_);
    request_.body.append(at_hand);
    body_size_ += at_hand.size();
    in_begin_ += at_hand.size();
  }
  if (body_size_ == framing_.length) {
    return handle();
  }
  if (body_size_ == request_.body.size()) {
    const uint64_t size =
        std::min<uint64_t>(framing_.length, std::max<uint64_t>(kBodyStepMin, body_size_ * 2));
    if (!grow_body_reservation(size)) {
      return refuse_busy("too many bytes in flight; try again shortly");
    }
    request_.body.resize(static_cast<size_t>(size));
  }
  reads_into_body_ = true;
  read();
  return Step::kWait;
}

Connection::Step Connection::step_chunked_body() {
  if (!grow_body_reservation(request_.body.size() + unread().size())) {
    return refuse_busy("too many bytes in flight; try again shortly");
  }
  const auto consumed = chunks_->read(unread(), request_.body);
  if (!consumed) {
    return refuse_request(consumed.error());
  }
  in_begin_ += *consumed;
  if (chunks_->done()) {
    return handle();
  }
  read();
  return Step::kWait;
}

Connection::Step Connection::handle() {
  phase_ = Phase::kHandling;
  in_handler_ = true;
  try {
    worker_.shared.handler(request_, make_reply());
  } catch (...) {
    // Its Reply is gone with it, and has answered.
  }
  in_handler_ = false;
  if (!replied_) {
    return Step::kWait;
  }
  return answer(*std::exchange(replied_, std::nullopt));
}

// THREADS: called once, on any thread. It lets go of the connection before it is counted out, so
// that the connection's own thread is the last to hold it.
Reply Connection::make_reply() {
  ++worker_.shared.replies;
  return Reply([self = shared_from_this()](std::optional<Response> response,
                                           std::optional<Reply::Time> not_before) mutable {
    Worker& worker = self->worker_;
    if (!response) {
      response = self->make_error(500, "the handler failed");
    }
    if (worker.io.get_executor().running_in_this_thread() && self->in_handler_ && !not_before) {
      self->replied_ = std::move(response);
      self.reset();
    } else {
      asio::post(worker.io, [self = std::move(self), response = *std::move(response),
                             not_before]() mutable { self->on_reply(response, not_before); });
    }
    --worker.shared.replies;
  });
}

void Connection::on_reply(Response& response, std::optional<Reply::Time> not_before) {
  if (phase_ != Phase::kHandling) {
    return;
  }
  if (not_before && *not_before > SteadyClock::now()) {
    delay_.emplace(worker_.io, *not_before);
    delay_->async_wait([self = shared_from_this(), response = std::move(response)](
                           const error_code&) mutable { self->on_reply(response, std::nullopt); });
    return;
  }
  if (answer(std::move(response)) == Step::kAgain) {
    advance();
  }
}

Connection::Step Connection::refuse_request(Refusal refusal) {
  keep_alive_ = false;
  return answer(make_error(refusal.status, refusal.reason));
}

Connection::Step Connection::refuse_busy(std::string_view reason) {
  count(worker_.counters.requests_refused);
  keep_alive_ = keep_alive_ && framing_.body == BodyKind::kNone;
  return answer(make_error(503, reason));
}

Response Connection::make_error(int status, std::string_view reason) {
  Response response;
  try {
    if (worker_.shared.options.error_body) {
      response = worker_.shared.options.error_body(status, reason);
    } else {
      response.headers.add("Content-Type", "text/plain; charset=utf-8");
      response.body.append(reason).append("\n");
    }
  } catch (...) {
    response = Response{};
  }
  response.status = status;
  if (status == 503) {
    response.headers.set("Retry-After", std::to_string(limits().retry_after_seconds));
  }
  return response;
}

Connection::Step Connection::answer(Response response) {
  keep_alive_ = keep_alive_ && !worker_.shared.stopping;
  const AnswerForm form = {.head_only = request_.method == "HEAD",
                           .keep_alive = keep_alive_,
                           .request_version_minor = request_.version_minor};
  response_ = std::move(response);
  if (!write_response_head(response_, form, current_date(worker_), head_)) {
    response_ = make_error(500, "the answer could not be sent");
    if (!write_response_head(response_, form, current_date(worker_), head_)) {
      close();
      return Step::kWait;
    }
  }
  count(worker_.counters.answers_by_class[static_cast<size_t>(response_.status / 100)]);
  sends_body_ = !form.head_only && response_.status != 204 && response_.status != 304;
  const uint64_t size = head_.size() + (sends_body_ ? response_.body.size() : 0);
  if (response_.reservation.bytes() >= size) {
    response_.reservation.shrink_to(size);
  } else {
    response_.reservation = worker_.shared.budget.charge(size);
  }
  written_ = 0;
  phase_ = Phase::kAnswer;
  set_deadline(limits().write_ms_max);
  return Step::kAgain;
}

Connection::Step Connection::write() {
  const size_t body_size = sends_body_ ? response_.body.size() : 0;
  const size_t total = head_.size() + body_size;
  while (written_ < total) {
    const size_t of_head = std::min(written_, head_.size());
    const size_t of_body = written_ - of_head;
    const std::array<asio::const_buffer, 2> rest = {
        asio::const_buffer(head_.data() + of_head, head_.size() - of_head),
        asio::const_buffer(response_.body.data() + of_body, body_size - of_body)};
    error_code error;
    const size_t size = socket_.write_some(rest, error);
    written_ += size;
    count(worker_.counters.bytes_out, size);
    if (would_block(error)) {
      set_deadline(limits().write_ms_max, std::max<uint64_t>(written_, 1));
      wait_writable();
      return Step::kWait;
    }
    if (error) {
      close();
      return Step::kWait;
    }
  }
  return finish_answer();
}

void Connection::wait_writable() {
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    if (!error && self->phase_ == Phase::kAnswer) {
      self->advance();
    }
  });
}

Connection::Step Connection::finish_answer() {
  if (sends_continue_) {
    sends_continue_ = false;
    phase_ = Phase::kBody;
    set_deadline(limits().body_ms_max);
    return Step::kAgain;
  }
  end_request();
  if (!keep_alive_) {
    linger();
    return Step::kWait;
  }
  first_request_ = false;
  phase_ = Phase::kHead;
  scanner_.emplace(limits());
  if (unread().empty()) {
    in_begin_ = in_end_ = 0;
    if (in_.size() > kIdleBufferBytesMax) {
      std::string().swap(in_);
    }
    if (worker_.shared.stopping) {
      close();
      return Step::kWait;
    }
  }
  set_deadline(unread().empty() ? limits().idle_ms_max : limits().header_ms_max);
  return Step::kAgain;
}

void Connection::end_request() {
  chunks_.reset();
  if (request_.body.capacity() > kIdleBufferBytesMax) {
    std::string().swap(request_.body);
  }
  request_.body.clear();
  request_.method.clear();
  response_ = Response{};
  body_bytes_.release();
  in_flight_.reset();
}

// Closing with bytes unread would reset the connection and could take the answer with it.
void Connection::linger() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) {
    close();
    return;
  }
  phase_ = Phase::kLinger;
  set_deadline(worker_.shared.stopping ? kLingerStoppingMsMax : kLingerMsMax);
  read();
}

void Connection::cancel_read() {
  ++read_epoch_;
  reads_into_body_ = false;
  error_code ignored;  // nothing pending is fine
  socket_.cancel(ignored);
}

void Connection::make_room() {
  if (phase_ == Phase::kLinger || in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
  }
  const size_t room = phase_ == Phase::kBody ? kBodyStepMin : kReadBytesMin;
  if (in_.size() - in_end_ >= room / 2) {
    return;
  }
  in_.erase(0, in_begin_);
  in_end_ -= in_begin_;
  in_begin_ = 0;
  in_.resize(in_end_ + room);
}

void Connection::read() {
  asio::mutable_buffer room;
  if (reads_into_body_) {
    room = asio::buffer(request_.body.data() + body_size_, request_.body.size() - body_size_);
  } else {
    make_room();
    room = asio::buffer(in_.data() + in_end_, in_.size() - in_end_);
  }
  socket_.async_read_some(
      room, [self = shared_from_this(), epoch = read_epoch_](const error_code& error, size_t size) {
        self->on_read(error, size, epoch);
      });
}

void Connection::on_read(const error_code& error, size_t size, uint32_t epoch) {
  if (epoch != read_epoch_ || phase_ == Phase::kClosed) {
    return;
  }
  if (error) {
    close();
    return;
  }
  count(worker_.counters.bytes_in, size);
  if (phase_ == Phase::kLinger) {
    lingered_bytes_ += size;
    if (lingered_bytes_ > kLingerBytesMax) {
      close();
      return;
    }
    read();
    return;
  }
  if (std::exchange(reads_into_body_, false)) {
    body_size_ += size;
    set_deadline(limits().body_ms_max, body_size_);
  } else {
    in_end_ += size;
    if (phase_ == Phase::kBody) {
      set_deadline(limits().body_ms_max, request_.body.size() + 1);
    }
  }
  advance();
}

}  // namespace continuum::http
