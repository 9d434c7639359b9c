"""Does what clients.mjs does, with Python's http.client. Usage: python3 clients.py <host> <port> <token>"""

import http.client
import json
import sys

host, port, token = sys.argv[1:]
as_json = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
text = json.dumps({"title": "Buy milk"}).encode()


def send(method, path, body, headers, **how):
    connection = http.client.HTTPConnection(host, int(port))
    connection.request(method, path, body, headers, **how)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


answers = {}
for name, body, nothing, how in (
    ("sized", text, None, {}),
    ("in chunks", iter([text[:5], text[5:]]), iter([]), {"encode_chunked": True}),
    ("empty", text, b"", {}),
):
    made, todo = send("POST", "/api/todos", body, as_json, **how)
    changed, done = send("PATCH", f"/api/todos/{todo['id']}/complete", nothing, as_json, **how)
    answers[name] = [made, changed, done["completed"]]
print(json.dumps(answers))
