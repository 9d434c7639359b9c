"""Tasks of many people, written as the documentation of FastAPI and of SQLModel would have it, with async sessions.

bench/compare measures it beside todod: the same requests, the same tokens, the same rows on the same PostgreSQL. Run by
itself it makes its tables:

    DATABASE_URL=postgresql+asyncpg://... TOKEN_SECRET=... python3 tasks.py
"""

import asyncio
import os
from datetime import datetime, timezone
from enum import Enum
from typing import AsyncIterator, List, Optional

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Column, DateTime, Index
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

SECRET = os.environ["TOKEN_SECRET"]

engine = create_async_engine(
    os.environ["DATABASE_URL"], pool_size=int(os.environ.get("POOL_SIZE", "10")), max_overflow=0
)
make_session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


def now() -> datetime:
    return datetime.now(timezone.utc)


class Priority(str, Enum):
    low = "low"
    medium = "medium"
    high = "high"


class TaskBase(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: Optional[str] = Field(default=None, max_length=1000)
    completed: bool = False
    priority: Priority = Priority.medium
    due_date: Optional[datetime] = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    due_all_day: bool = False


class Task(TaskBase, table=True):
    __table_args__ = (Index("task_newest", "user_id", "created_at", "id"),)

    id: Optional[int] = Field(default=None, primary_key=True)
    user_id: str
    completed_at: Optional[datetime] = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    created_at: datetime = Field(default_factory=now, sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(DateTime(timezone=True), nullable=False))
    version: int = 1


class TaskCreate(TaskBase):
    pass


class TaskRead(TaskBase):
    id: int
    user_id: str
    completed_at: Optional[datetime]
    created_at: datetime
    updated_at: datetime
    version: int


class TaskUpdate(SQLModel):
    title: Optional[str] = Field(default=None, min_length=1, max_length=200)
    description: Optional[str] = Field(default=None, max_length=1000)
    completed: Optional[bool] = None
    priority: Optional[Priority] = None
    due_date: Optional[datetime] = None
    due_all_day: Optional[bool] = None


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


bearer = HTTPBearer(auto_error=False)


async def get_user(credentials: Optional[HTTPAuthorizationCredentials] = Depends(bearer)) -> str:
    """Returns who the token is of: its subject."""
    try:
        claims = jwt.decode(
            credentials.credentials, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]}
        )
    except (AttributeError, jwt.PyJWTError):
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "Invalid authentication credentials", {"WWW-Authenticate": "Bearer"}
        )
    return claims["sub"]


async def get_task(
    task_id: int, user: str = Depends(get_user), session: AsyncSession = Depends(get_session)
) -> Task:
    """Returns a task of the user's."""
    found = await session.exec(select(Task).where(Task.id == task_id, Task.user_id == user))
    task = found.first()
    if task is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Task not found")
    return task


async def save(session: AsyncSession, task: Task) -> Task:
    """Writes a task and reads it again."""
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.get("/tasks", response_model=List[TaskRead])
async def list_tasks(
    limit: int = Query(default=100, ge=1, le=1000),
    offset: int = Query(default=0, ge=0),
    user: str = Depends(get_user),
    session: AsyncSession = Depends(get_session),
):
    newest = select(Task).where(Task.user_id == user).order_by(Task.created_at.desc(), Task.id.desc())
    found = await session.exec(newest.offset(offset).limit(limit))
    return found.all()


@app.post("/tasks", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
async def create_task(
    new: TaskCreate, user: str = Depends(get_user), session: AsyncSession = Depends(get_session)
):
    return await save(session, Task(**new.dict(), user_id=user))


@app.get("/tasks/{task_id}", response_model=TaskRead)
async def read_task(task: Task = Depends(get_task)):
    return task


@app.patch("/tasks/{task_id}", response_model=TaskRead)
async def update_task(
    changes: TaskUpdate, task: Task = Depends(get_task), session: AsyncSession = Depends(get_session)
):
    for name, value in changes.dict(exclude_unset=True).items():
        setattr(task, name, value)
    task.updated_at = now()
    task.version += 1
    return await save(session, task)


@app.patch("/tasks/{task_id}/toggle", response_model=TaskRead)
async def toggle_task(task: Task = Depends(get_task), session: AsyncSession = Depends(get_session)):
    task.completed = not task.completed
    task.completed_at = now() if task.completed else None
    task.updated_at = now()
    task.version += 1
    return await save(session, task)


async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


if __name__ == "__main__":
    asyncio.run(create_tables())
